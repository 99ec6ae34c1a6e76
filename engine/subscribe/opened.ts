import { eachTaken, openedPath } from '../lake/closed.ts'
import { spanOfPart } from '../lake/ledger.ts'
import { isMissing } from '../store/errors.ts'
import type { Store } from '../store/store.ts'
import type { TopicMarks } from './bookmarks.ts'

/**
 * Of files of closed nights that were read and are gone, as a repair opened the night again: the messages lie in the files
 * again that they were merged of, or will be in those that are made anew. They are noted as read by those.
 * @param listed the files of the topic
 */
export async function noteOpened(
  store: Store,
  { files }: TopicMarks,
  listed: readonly string[]
): Promise<void> {
  const there = new Set(listed)
  for (const path of Object.keys(files)) {
    const [, source] = /\/(closed-[a-z]+-\d{8})-\d{6,}\/[^/]+$/.exec(path) ?? []
    const span = spanOfPart(path)
    if (source === undefined || !span || there.has(path)) continue
    for (const from of await takenInto(store, openedPath(source, span.first), path)) {
      files[from] = true
      delete files[path]
    }
  }
}

/** The files that a merged one was made of; none where nobody knows any more. */
async function takenInto(store: Store, taken: string, path: string): Promise<readonly string[]> {
  const bytes = await store.size(taken)
  if (bytes === null) return []
  const file = { path: taken, kind: 'taken', bytes, rows: 0, crc32: '' } as const
  const names: string[] = []
  try {
    for await (const { moved } of eachTaken(store, { files: [file] })) {
      names.push(...moved.filter(({ to }) => to === path).map(({ from }) => from))
    }
  } catch (error) {
    if (!isMissing(error) && !(error instanceof SyntaxError)) throw error
  }
  return names
}
