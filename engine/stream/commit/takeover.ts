import { TornFileError } from '../../errors.ts'
import type { MessageMark } from '../../packets.ts'
import { attemptsAt, RECORD } from '../../lake/attempt.ts'
import type { FoundAttempt } from '../../lake/attempt.ts'
import { lastSpan } from '../../lake/ledger.ts'
import type { PartRecord } from '../../lake/ledger.ts'
import { readJson } from '../../store/replace-file.ts'
import type { Store } from '../../store/store.ts'
import type { Aside, AsideReason } from '../common/aside.ts'
import type { Coordination, LogSpan } from './coordination.ts'
import type { Assignment } from '../../kafka/group.ts'
import { isYounger } from '../claims/first-look.ts'
import type { Looked } from '../claims/first-look.ts'
import { isOfFormer, placeEntered, recoverPartition } from './two-phase-commit.ts'
import type { RecoveredPartition } from './two-phase-commit.ts'
import { sourceOf } from '../../kafka/partition.ts'
import type { Partition } from '../../kafka/partition.ts'
import { isSame, tailOf } from './same-log.ts'
import type { Tail } from './same-log.ts'
import type { From } from '../../kafka/settings.ts'

/** Where a partition is read on. */
export interface PartitionStart extends Partition {
  readonly source: string
  readonly offset: number
  /** The lake holds nothing of it yet. */
  readonly begins: boolean
  /** What is to be said of where it begins. */
  readonly note: StartNote | null
  readonly recovered: RecoveredPartition
}

type StartNote =
  /** The group read it before, from where it could: what it read then is not in this lake. */
  | { readonly kind: 'elsewhere' }
  /** The group had no position, or one before the lake's end: it goes on where the lake ends. */
  | { readonly kind: 'forward'; readonly from: number | null }
  /** The group is at its position, the lake ends before it: what lies between is in no part. */
  | { readonly kind: 'gap'; readonly first: number; readonly last: number }

export interface TakenOver {
  readonly starts: readonly PartitionStart[]
  readonly aside: readonly Aside[]
}

export interface TakeoverSettings {
  /** Where a partition begins that nobody read yet. */
  readonly from: From
  /** The topics' own ids, as the lake knows them. */
  readonly topicIds: ReadonlyMap<string, string>
  /** What there was when the group first looked. */
  readonly looked: Looked
}

/** What is known of a partition before anything is touched. */
interface Found extends Partition {
  readonly source: string
  readonly position: number | null
  /** Offset behind the lake's last part; null if it holds nothing. */
  readonly end: number | null
  readonly span: LogSpan
  readonly attempts: readonly FoundAttempt[]
  /** The last message that was taken in, where it is known. */
  readonly tail: Tail | null
  /** Folders of attempts that counted by what is in the topics: the group has forgotten them. */
  readonly published: ReadonlySet<string>
}

/**
 * Takes partitions over: recovers what their former owners left staged, and says where to read on.
 *
 * The order is what makes it safe, however slow it is and whoever overtakes it: positions, then the
 * attempts, then a commit of the positions as they are, which Kafka takes only from the generation that has
 * the partitions; only then anything is touched (see `landing.ts`). Its cost does not depend on how much the
 * lake holds.
 * @throws FencedError when the assignment ended meanwhile: nothing was touched.
 */
export async function takeOver(
  coordination: Coordination,
  assignment: Assignment,
  store: Store,
  settings: TakeoverSettings
): Promise<TakenOver> {
  const { partitions, ended, generation } = assignment
  if (partitions.length === 0) return { starts: [], aside: [] }
  const positions = await coordination.positions(partitions, ended)
  const spans = await coordination.spans(partitions)
  const staged = new Map<string, readonly FoundAttempt[]>()
  const looks = partitions.map(async (partition): Promise<Found | Aside> => {
    const source = sourceOf(partition)
    const span = spans.get(source)
    const attempts = await attemptsAt(store, source)
    staged.set(source, attempts)
    if (!span) return { ...partition, source, reason: 'gone', detail: 'its topic is gone' }
    const last = await lastSpan(store, source)
    const end = last ? last.last + 1 : null
    const position = positions.get(source) ?? null
    const forgotten =
      position === null ? attempts : attempts.filter((one) => isOfFormer(one, generation))
    const published = await publishedOf(coordination, store, { end, first: span.first }, forgotten)
    const found = { ...partition, source, position, end, span, attempts, published }
    const odd = oddity(found, settings.topicIds.get(partition.topic))
    if (odd) return odd
    const counted = await countedRecords(
      store,
      attempts,
      (one) => published.has(one.folder) || one.last + 1 === position
    )
    return { ...found, tail: await tailOf(store, source, last, counted) }
  })
  const all = await keepSame(coordination, await Promise.all(looks))
  const aside = all.filter((one): one is Aside => 'reason' in one)
  const found = all.filter((one): one is Found => !('reason' in one))
  const fresh = found.filter(
    ({ position, end, published }) => position === null && end === null && published.size === 0
  )
  const firsts = await beginningsOf(coordination, fresh, settings)
  const nextOf = ({ source, position, end, attempts, published }: Found) => {
    const ends = attempts.map(({ folder, last }) => (published.has(folder) ? last + 1 : 0))
    return Math.max(position ?? firsts.get(source) ?? 0, end ?? 0, ...ends)
  }
  const keep = found.map((one) => ({ ...one, next: nextOf(one) }))
  if (keep.length > 0) await coordination.commit(assignment, [], keep, () => {})
  const settling = keep.map(async (one): Promise<PartitionStart> => {
    const { source, position, attempts, published } = one
    const recovered = await recoverPartition(
      store,
      source,
      { position, generation, published },
      attempts
    )
    return startOf(one, recovered, settings.from)
  })
  const starts = await Promise.all(settling)
  for (const { source } of aside) await placeEntered(store, source, staged.get(source) ?? [])
  return { starts, aside }
}

/** "Latest" is meant of what there was when the stream began: what is younger is read from its beginning. */
async function beginningsOf(
  coordination: Coordination,
  fresh: readonly Partition[],
  { from, looked }: TakeoverSettings
): Promise<ReadonlyMap<string, number>> {
  const isYoung = (one: Partition) => from === 'latest' && isYounger(one, looked)
  const asked = fresh.filter((one) => !isYoung(one))
  const young = fresh.filter(isYoung)
  const firsts = asked.length > 0 ? await coordination.begin(asked, from) : []
  const beginnings = young.length > 0 ? await coordination.begin(young, 'earliest') : []
  return new Map([...firsts, ...beginnings])
}

/** Sets those aside of which Kafka has another message where the last was that was taken in. */
async function keepSame(
  coordination: Coordination,
  all: readonly (Found | Aside)[]
): Promise<(Found | Aside)[]> {
  const places = all.flatMap((one) => {
    if ('reason' in one || one.tail === null || one.tail.offset < one.span.first) return []
    return [{ topic: one.topic, partition: one.partition, offset: one.tail.offset }]
  })
  const none = new Map<string, MessageMark | null>()
  const marks = places.length > 0 ? await coordination.marksAt(places) : none
  return all.map((one) => {
    const now = marks.get(one.source)
    if ('reason' in one || one.tail === null || now === undefined) return one
    if (now !== null && isSame(now, one.tail.mark)) return one
    return changed(one, one.tail)
  })
}

async function countedRecords(
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
async function publishedOf(
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

function startOf(
  { topic, partition, source, position, next, span }: Found & { readonly next: number },
  recovered: RecoveredPartition,
  from: From
): PartitionStart {
  const { end } = recovered
  const offset = Math.max(next, end ?? 0)
  const start = { topic, partition, source, offset, begins: end === null, recovered }
  if (end === null) {
    const isElsewhere = position !== null && from === 'earliest' && next > span.first
    return { ...start, note: isElsewhere ? { kind: 'elsewhere' } : null }
  }
  if (position === null || end > position) {
    return { ...start, note: { kind: 'forward', from: position } }
  }
  return { ...start, note: end < next ? { kind: 'gap', first: end, last: next - 1 } : null }
}

const wayOut = 'give it a new name, or take it into another lake with another --group'

function changed({ topic, partition, source }: Found, { offset, mark }: Tail): Aside {
  const time = new Date(mark.time).toISOString()
  const detail =
    `the message of ${source} at offset ${offset} is not the one of ${time} that was taken in: Kafka lost the end of its log, and it grew ` +
    `again; what is new in it below ${offset + 1} is in no lake: ${wayOut}`
  return { topic, partition, source, reason: 'changed', detail }
}

/** What keeps a partition from being read; null: nothing. */
function oddity(
  { topic, partition, source, position, end, span }: Omit<Found, 'tail'>,
  topicId: string | undefined
): Aside | null {
  const aside = (reason: AsideReason, detail: string): Aside => {
    return { topic, partition, source, reason, detail }
  }
  if (topicId !== undefined && topicId !== span.topicId) {
    return aside('made-anew', `topic ${topic} was deleted and made anew: ${wayOut}`)
  }
  const reached = Math.max(position ?? 0, end ?? 0)
  if (reached <= span.end) return null
  return aside(
    'ends-before',
    `${source} ends at offset ${span.end}, before ${reached}, up to where it was taken in: Kafka lost its end or it was made anew; ${wayOut}`
  )
}
