import { TornFileError } from '../errors.ts'
import { OWN } from '../lake/ledger.ts'
import { readJson } from '../store/replace-file.ts'
import type { Store } from '../store/store.ts'

/** What the lake remembers of a source of files, as far as a proof needs it. */
export interface Remembered {
  readonly kind?: string
  readonly name?: string
  readonly path?: string
  /** Packets in it; known once it was read to its end without damage. */
  readonly count?: number | null
  /** Where it broke off, once all before that was in the lake. */
  readonly brokenOff?: string | null
  /** The source with which its folder began anew. */
  readonly replacedBy?: string | null
  /** Somebody said that its archive is gone for ever, and what of it is missing. */
  readonly abandoned?: {
    readonly at: string
    readonly missing: readonly (readonly [first: number, last: number])[]
  }
}

/** A source itself, and not another name of one. */
export function isTold({ kind }: Remembered): boolean {
  return kind === 'file' || kind === 'folder'
}

const FOLDER = `${OWN}/sources`

/** Of what cannot be read nothing is known: `siskin verify` names it. */
export async function remembered(store: Store, source: string): Promise<Remembered | null> {
  try {
    return await readJson<Remembered>(store, `${FOLDER}/${source}.json`)
  } catch (error) {
    if (error instanceof TornFileError) return null
    throw error
  }
}

/** True where somebody has given these positions of a source up. */
export async function isAbandoned(
  store: Store,
  source: string,
  first: number,
  last: number
): Promise<boolean> {
  const { abandoned } = (await remembered(store, source)) ?? {}
  return abandoned?.missing.some((span) => span[0] <= first && last <= span[1]) ?? false
}

/** Packets in the sources that were read to their end, by name. */
export async function fileSources(store: Store): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  for (const { name } of await store.entries(FOLDER)) {
    if (!name.endsWith('.json')) continue
    const source = name.slice(0, -5)
    const count = (await remembered(store, source))?.count
    if (typeof count === 'number') counts.set(source, count)
  }
  return counts
}

/** Where a source lay when it was taken in; null where the lake does not know. */
export async function placeOfSource(store: Store, source: string): Promise<string | null> {
  return (await remembered(store, source))?.path || null
}
