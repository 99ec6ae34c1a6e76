import type { MessageMark } from '../../packets.ts'
import { attemptsAt } from '../../lake/two-phase-commit.ts'
import type { FoundAttempt } from '../../lake/two-phase-commit.ts'
import { lastSpan } from '../../lake/ledger.ts'
import type { Store } from '../../store/store.ts'
import type { Aside, AsideReason } from '../common/aside.ts'
import type { Coordination, LogSpan } from './coordination.ts'
import { countedRecords, publishedOf } from './counted.ts'
import { askEach, orFault } from './fault.ts'
import type { Fault } from './fault.ts'
import type { Assignment } from '../../kafka/group.ts'
import { isOfFormer } from './recovery.ts'
import { sourceOf } from '../../kafka/partition.ts'
import type { Partition } from '../../kafka/partition.ts'
import { isSame, tailOf } from './same-log.ts'
import type { Tail } from './same-log.ts'

/** What is known of a partition before anything is touched. */
export interface Found extends Partition {
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

export function isFound(one: Found | Aside): one is Found {
  return !('reason' in one)
}

export type OnFault = (source: string, fault: Fault) => void

/** What there is of each partition; nothing is touched. */
export async function lookAt(
  coordination: Coordination,
  { partitions, ended, generation }: Assignment,
  store: Store,
  topicIds: ReadonlyMap<string, string>,
  onFault: OnFault
) {
  const positions = await coordination.positions(partitions, ended)
  const failed = new Set<string>()
  const spans = await askEach(
    partitions,
    (own) => coordination.spans(own),
    (source, fault) => {
      failed.add(source)
      onFault(source, fault)
    }
  )
  const staged = new Map<string, readonly FoundAttempt[]>()
  const look = async (partition: Partition): Promise<Found | Aside | null> => {
    const source = sourceOf(partition)
    const attempts = await attemptsAt(store, source)
    staged.set(source, attempts)
    if (failed.has(source)) return null
    const span = spans.get(source)
    if (!span) return { ...partition, source, reason: 'gone', detail: 'its topic is gone' }
    const last = await lastSpan(store, source)
    const end = last ? last.last + 1 : null
    const position = positions.get(source) ?? null
    const forgotten =
      position === null ? attempts : attempts.filter((one) => isOfFormer(one, generation))
    const published = await publishedOf(coordination, store, { end, first: span.first }, forgotten)
    const found = { ...partition, source, position, end, span, attempts, published }
    const odd = oddity(found, topicIds.get(partition.topic))
    if (odd) return odd
    const counted = await countedRecords(
      store,
      attempts,
      (one) => published.has(one.folder) || one.last + 1 === position
    )
    return { ...found, tail: await tailOf(store, source, last, counted) }
  }
  const looks = partitions.map((one) =>
    orFault(
      one,
      () => look(one),
      (fault) => onFault(sourceOf(one), fault)
    )
  )
  return { all: (await Promise.all(looks)).filter((one) => one !== null), staged }
}

/** Sets those aside of which Kafka has another message where the last was that was taken in. */
export async function keepSame(
  coordination: Coordination,
  all: readonly Found[],
  onFault: OnFault
): Promise<(Found | Aside)[]> {
  const places = all.flatMap(({ topic, partition, tail, span }) => {
    if (tail === null || tail.offset < span.first) return []
    return [{ topic, partition, offset: tail.offset }]
  })
  const failed = new Set<string>()
  const marks: ReadonlyMap<string, MessageMark | null> = await askEach(
    places,
    (own) => coordination.marksAt(own),
    (source, fault) => {
      failed.add(source)
      onFault(source, fault)
    }
  )
  return all.flatMap((one): (Found | Aside)[] => {
    if (failed.has(one.source)) return []
    const now = marks.get(one.source)
    if (one.tail === null || now === undefined) return [one]
    return now !== null && isSame(now, one.tail.mark) ? [one] : [changed(one, one.tail)]
  })
}

export function endsOf(
  attempts: readonly FoundAttempt[],
  published: ReadonlySet<string>
): number[] {
  return attempts.filter(({ folder }) => published.has(folder)).map(({ last }) => last + 1)
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
  { topic, partition, source, position, end, span, attempts, published }: Omit<Found, 'tail'>,
  topicId: string | undefined
): Aside | null {
  const aside = (reason: AsideReason, detail: string): Aside => {
    return { topic, partition, source, reason, detail }
  }
  if (topicId !== undefined && topicId !== span.topicId) {
    return aside('made-anew', `topic ${topic} was deleted and made anew: ${wayOut}`)
  }
  const reached = Math.max(position ?? 0, end ?? 0, ...endsOf(attempts, published))
  if (reached <= span.end) return null
  return aside(
    'ends-before',
    `${source} ends at offset ${span.end}, before ${reached}, up to where it was taken in: Kafka lost its end or it was made anew; ${wayOut}`
  )
}
