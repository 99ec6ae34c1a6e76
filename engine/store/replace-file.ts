import { randomBytes } from 'node:crypto'
import { dirname } from 'node:path/posix'
import { amount } from '../amount.ts'
import { TornFileError } from '../errors.ts'
import type { Store } from './store.ts'
import { isMissing } from './errors.ts'

/** Replaces a small file of Siskin's own, or makes it: a reader sees the old or the new, whole. Nothing is left where that fails. */
export async function replaceFile(store: Store, path: string, value: unknown): Promise<void> {
  await replaceBytes(store, path, jsonBytes(value))
}

export async function replaceBytes(store: Store, path: string, bytes: Uint8Array): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}.new`
  try {
    await store.write(draft, [bytes])
    await store.rename(draft, path)
  } catch (error) {
    await store.remove(draft).catch(() => {}) // of a full disk: else each try leaves one
    throw error
  }
  await store.sync([dirname(path)])
}

export function jsonBytes(value: unknown): Uint8Array {
  return Buffer.from(`${JSON.stringify(value, null, 1)}\n`)
}

/** A small file of Siskin's own; null if there is none. @throws TornFileError that names it. */
export async function readJson<T>(store: Store, path: string): Promise<T | null> {
  const bytes = await store.read(path).catch((error: unknown) => {
    if (isMissing(error)) return null
    throw error
  })
  if (bytes === null) return null
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString())
    if (typeof value === 'object' && value !== null) return value as T
  } catch {}
  throw new TornFileError(
    `${path} of the lake ${store.root} is damaged (${amount(bytes.length, 'byte')}, no JSON object): ${wayOut(path)}`
  )
}

/** What is to be done about a file that matters. */
function wayOut(path: string): string {
  const [, folder = '', what = ''] = path.split('/')
  if (folder === 'owners' && what === 'topics') {
    return 'say again whose the topic is with siskin stream --take-over, once no other stream fills this lake from it'
  }
  if (folder === 'lake.json') {
    return 'put it back from a copy; or remove it, and begin the stream with --take-over, as the lake gets another id'
  }
  if (folder === 'sources') return 'siskin repair makes it again from the ledger'
  return 'siskin repair mends what can be mended'
}

/** The same of a mere note: one that is damaged is told, and is as if it had never been written. */
export async function readNote<T>(store: Store, path: string): Promise<T | null> {
  try {
    return await readJson<T>(store, path)
  } catch (error) {
    if (!(error instanceof TornFileError)) throw error
    tellForgotten(store, path)
    return null
  }
}

export function tellForgotten(store: Store, path: string): void {
  const message = `${path} of the lake ${store.root} is damaged: what it noted is forgotten`
  process.emitWarning(message, 'SiskinWarning')
}
