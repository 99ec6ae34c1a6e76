import { TornFileError } from '../../errors.ts'
import { RECORD } from '../../lake/two-phase-commit.ts'
import type { FoundAttempt } from '../../lake/two-phase-commit.ts'
import type { PartRecord } from '../../lake/ledger.ts'
import { readJson } from '../../store/replace-file.ts'
import type { Store } from '../../store/store.ts'
import type { Coordination } from './coordination.ts'

/** The records of those attempts that count and are not in the ledger yet. */
export async function countedRecords(
  store: Store,
  attempts: readonly FoundAttempt[],
  counts: (attempt: FoundAttempt) => boolean
): Promise<PartRecord[]> {
  const records: PartRecord[] = []
  for (const attempt of attempts) {
    const record =
      attempt.hasRecord && counts(attempt) ? await wholeRecord(store, attempt.folder) : null
    if (record) records.push(record)
  }
  return records
}

/**
 * A group that was deleted, or was idle for longer than Kafka keeps its positions, has forgotten what its last
 * transaction committed. Its messages have not gone. No more than one part of a partition is ever committed and not
 * in the ledger, and it begins where the ledger ends. Of several that do, and all of whose messages are there, the longest:
 * what it has more than the one that counted selects nothing. One whose input Kafka has deleted meanwhile is all that is
 * left of it, and counts too.
 */
export async function publishedOf(
  coordination: Coordination,
  store: Store,
  { end, first: oldest }: { readonly end: number | null; readonly first: number },
  attempts: readonly FoundAttempt[]
): Promise<ReadonlySet<string>> {
  const begins = attempts.filter(({ hasRecord, first }) => hasRecord && first === (end ?? first))
  const inOrder = begins.toSorted((a, b) => a.first - b.first || b.last - a.last)
  for (const { folder } of inOrder) {
    const record = await wholeRecord(store, folder)
    if (!record || (end === null && !record.stream?.begins)) continue
    if (!(await hasFiles(store, folder, record))) continue
    if (record.first < oldest || (await coordination.published(record))) return new Set([folder])
  }
  return new Set()
}

/** False for what a member that was overtaken wrote after its successor had removed the rest: a record alone. */
async function hasFiles(store: Store, folder: string, { files }: PartRecord): Promise<boolean> {
  for (const { path, bytes } of files) {
    if ((await store.size(`${folder}/${path}`)) !== bytes) return false
  }
  return true
}

/** Null for one that its member died over: nothing is sent before its record is whole. */
async function wholeRecord(store: Store, folder: string): Promise<PartRecord | null> {
  try {
    return await readJson<PartRecord>(store, `${folder}/${RECORD}`)
  } catch (error) {
    if (error instanceof TornFileError) return null
    throw error
  }
}
