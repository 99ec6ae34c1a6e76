import { amount } from '../amount.ts'
import { readIndexFile, wholeIndex } from '../duplicates/index-files.ts'
import type { FoundIndexFile } from '../duplicates/index-files.ts'
import { MarkSum } from '../duplicates/mark-sum.ts'
import { readMarks } from '../duplicates/marks.ts'
import type { Marks } from '../duplicates/marks.ts'
import { spansFrom } from '../lake/ledger.ts'
import type { Store } from '../store/store.ts'
import { recordsAt } from '../lake/records.ts'

const HARM =
  'alerts that are not in the lake would be dropped as copies, or copies of those that are would be taken in'

/** What is wrong with what is in an index file; null: nothing. @param sum of what the ledger says. */
export async function contentFault(
  store: Store,
  file: FoundIndexFile,
  sum: MarkSum
): Promise<string | null> {
  const marks = await readIndexFile(store, file.path)
  if (marks === null) return null // somebody made it anew meanwhile
  if (marks === 'damaged') return `${file.path} is damaged: ${HARM}`
  const own = new MarkSum()
  own.add(marks)
  const isNamed = own.least === file.least && own.greatest === file.greatest
  if (isNamed && own.equals(sum)) return null
  const { foreign, absent } = await compareWithLedger(store, file, marks)
  if (foreign > 0) {
    return `${file.path} has ${amount(foreign, 'alert')} that its parts do not have: what is sent of them would be dropped as copies of what is not there`
  }
  if (absent > 0) {
    return `${file.path} lacks ${amount(absent, 'alert')} of its parts: copies of them would be taken in`
  }
  return isNamed ? null : `${file.path} holds other ids than its name says: ${HARM}`
}

/**
 * Mark by mark. A part that came into a hole of it later has a file of its own: what another file of these
 * positions has is not missing.
 */
async function compareWithLedger(
  store: Store,
  file: FoundIndexFile,
  marks: Marks
): Promise<{ readonly foreign: number; readonly absent: number }> {
  const wanted = new Set<string>()
  const { source, first, last, night } = file
  const spans = (await spansFrom(store, source, first)).filter((span) => span.last <= last)
  for await (const record of recordsAt(store, source, spans)) {
    for (const mark of readMarks(record.marks ?? {}).get(night) ?? []) wanted.add(mark.join(' '))
  }
  const had = new Set<string>()
  for (const mark of marks) had.add(mark.join(' '))
  for (const other of await othersOf(store, file)) {
    const known = await readIndexFile(store, other.path)
    if (known === null || known === 'damaged') continue
    for (const mark of known) if (wanted.has(mark.join(' '))) had.add(mark.join(' '))
  }
  return { foreign: missingIn(wanted, had), absent: missingIn(had, wanted) }
}

/** How many of these are not in the set. */
function missingIn(set: ReadonlySet<string>, these: ReadonlySet<string>): number {
  let count = 0
  for (const one of these) if (!set.has(one)) count++
  return count
}

/** Index files of the same source and night that have to do with its positions. */
async function othersOf(store: Store, file: FoundIndexFile): Promise<FoundIndexFile[]> {
  const { files } = await wholeIndex(store)
  return files.filter(
    ({ path, source, night, first, last }) =>
      path !== file.path &&
      source === file.source &&
      night === file.night &&
      first <= file.last &&
      last >= file.first
  )
}
