import { isTaken } from '../store/errors.ts'
import { ledgerSources } from '../lake/ledger-walk.ts'
import type { Store } from '../store/store.ts'
import { BEHIND } from './index-files.ts'

/*
 * Sources that may have parts which the index does not: `_siskin/seen/behind/<source>.<who>`, empty. Whoever lands parts of a
 * source makes one before the first of them, and removes it when all are in the index. So who begins asks for these
 * sources alone, whatever else the lake holds. An empty file among them says that the list is kept: without it, as in a lake whose
 * index or this folder was removed, all sources are looked at once.
 */

const KEPT = 'kept'
const NOTE = `${BEHIND}/${KEPT}`

/** Paths of the marks, by source. */
export async function behindMarks(store: Store): Promise<Map<string, string[]>> {
  const marks = new Map<string, string[]>()
  for (const { name } of await store.entries(BEHIND)) {
    if (name === KEPT) continue
    const source = name.slice(0, name.lastIndexOf('.'))
    marks.set(source, [...(marks.get(source) ?? []), `${BEHIND}/${name}`])
  }
  return marks
}

/** Those of which parts may be missing in the index; all of the ledger where nobody knows. */
export async function behindSources(store: Store): Promise<string[]> {
  if (await isListKept(store)) return [...(await behindMarks(store)).keys()]
  return ledgerSources(store)
}

export async function isListKept(store: Store): Promise<boolean> {
  return (await store.size(NOTE)) !== null
}

/** To be called when all sources were looked at, and those that are behind are marked. */
export async function beginList(store: Store): Promise<void> {
  await createOnce(store, NOTE)
}

/** @param who no other has the name, and it has no dot. @returns the path of the mark: to be removed when all is in the index. */
export async function markBehind(store: Store, source: string, who: string): Promise<string> {
  const path = `${BEHIND}/${source}.${who}`
  await createOnce(store, path)
  return path
}

async function createOnce(store: Store, path: string): Promise<void> {
  await store.create(path, new Uint8Array()).catch((error: unknown) => {
    if (!isTaken(error)) throw error
  })
}
