import { isMissing } from '../store/errors.ts'
import { replaceBytes } from '../store/replace-file.ts'
import type { Store } from '../store/store.ts'

/*
 * The records of parts whose nights are closed lie together, in one file a block: `records.jsonl`, beside the records that lie
 * alone. Its first line has their spans, each other line is a record. One that lies alone goes before one in here:
 * whoever changes it writes it so, and whoever packs removes it last.
 */

export const PACK = 'records.jsonl'

type Spans = readonly (readonly [first: number, last: number])[]

export interface Packed<T> {
  readonly records: readonly T[]
  /** What cannot be read of it, and why; null: all can. */
  readonly fault: string | null
}

/** The records that lie together in the folder of a block. */
export async function readPack<T>(store: Store, folder: string): Promise<Packed<T>> {
  const text = await textOf(store, folder)
  if (text === null) return { records: [], fault: null }
  const [head = '', ...lines] = text.trimEnd().split('\n')
  const records: T[] = []
  let fault: string | null = null
  for (const line of lines) {
    const record = parsed(line) as T | null
    if (record === null) fault = 'a line of it is no record'
    else records.push(record)
  }
  const spans = parsed(head) as Spans | null
  if (spans?.length !== records.length) fault ??= 'it does not hold what its first line says'
  return { records, fault }
}

/** Their spans, in their order. */
export async function packedSpans(store: Store, folder: string): Promise<Spans> {
  const text = await textOf(store, folder)
  if (text === null) return []
  const end = text.indexOf('\n')
  return (parsed(end < 0 ? text : text.slice(0, end)) as Spans | null) ?? []
}

/** Lays records together, in the place of those that lay so before. */
export async function writePack(
  store: Store,
  folder: string,
  records: readonly { readonly first: number; readonly last: number }[]
): Promise<void> {
  await replaceBytes(store, `${folder}/${PACK}`, layPack(records))
}

/** Records as they lie together. */
export function layPack(
  records: readonly { readonly first: number; readonly last: number }[]
): Uint8Array {
  const sorted = records.toSorted((a, b) => a.first - b.first)
  const lines = [sorted.map(({ first, last }) => [first, last]), ...sorted]
  return Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
}

async function textOf(store: Store, folder: string): Promise<string | null> {
  try {
    return Buffer.from(await store.read(`${folder}/${PACK}`)).toString()
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}
