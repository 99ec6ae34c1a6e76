import { crc32 } from 'node:zlib'
import type { Admin } from '@platformatic/kafka'
import type { MessageMark } from '../../packets.ts'
import type { PartRecord, PositionSpan } from '../../lake/ledger.ts'
import type { Store } from '../../store/store.ts'
import { CommittedReader } from '../../kafka/committed-reader.ts'
import type { CommittedMessage, ReadPosition } from '../../kafka/committed-reader.ts'
import { sourceOf } from '../../kafka/partition.ts'
import { refusalOf } from '../../kafka/refusals.ts'
import type { KafkaAccess } from '../../kafka/settings.ts'
import { recordAt } from '../../lake/records.ts'

/*
 * A log that lost its end (a lost disk, an unclean election) and grew again has other messages under offsets that were taken in,
 * under the same id of its topic. So the record of a part keeps what its last message is known by, and whoever takes the
 * partition over looks if Kafka still has that very message.
 */

export function markOf({
  timestamp,
  value
}: Pick<CommittedMessage, 'timestamp' | 'value'>): MessageMark {
  return {
    time: timestamp,
    crc32: crc32(value ?? '')
      .toString(16)
      .padStart(8, '0')
  }
}

export function isSame(a: MessageMark, b: MessageMark): boolean {
  return a.time === b.time && a.crc32 === b.crc32
}

/** The last message of a source that is known to be taken in. */
export interface Tail {
  readonly offset: number
  readonly mark: MessageMark
}

/**
 * @param span of the source's last part
 * @param counted records of parts that count and are not in the ledger yet
 * @returns null where nothing is known: the lake holds nothing of it, or an older version took it in
 */
export async function tailOf(
  store: Store,
  source: string,
  span: PositionSpan | null,
  counted: readonly PartRecord[]
): Promise<Tail | null> {
  const entered = span && (await recordAt(store, source, span))
  const records = entered ? [entered, ...counted] : counted
  const newest = records.toSorted((a, b) => a.last - b.last).at(-1)
  const mark = newest?.stream?.tail
  return newest && mark ? { offset: newest.last, mark } : null
}

/** What Kafka has at these offsets, by source: null for no message, left out where that means nothing (deleted since, compacted). */
export async function marksAt(
  admin: Admin,
  access: KafkaAccess,
  name: string,
  places: readonly Omit<ReadPosition, 'end'>[]
): Promise<Map<string, MessageMark | null>> {
  const topics = [...new Set(places.map(({ topic }) => topic))]
  const reader = new CommittedReader(access, `${name}-tail`, topics)
  const marks = new Map<string, MessageMark | null>(places.map((place) => [sourceOf(place), null]))
  try {
    const ends = places.map((place) => ({ ...place, end: place.offset + 1 }))
    for await (const { topic, partition, messages, expired } of reader.read(ends)) {
      const source = sourceOf({ topic, partition })
      if (expired > 0) marks.delete(source)
      else if (messages[0]) marks.set(source, markOf(messages[0]))
    }
  } finally {
    await reader.close().catch(() => {})
  }
  const empty = places.filter((place) => marks.get(sourceOf(place)) === null)
  const compacted = await compactedOf(admin, new Set(empty.map(({ topic }) => topic)))
  for (const place of empty) if (compacted.has(place.topic)) marks.delete(sourceOf(place))
  return marks
}

const TOPIC_RESOURCE = 2

async function compactedOf(admin: Admin, topics: ReadonlySet<string>): Promise<Set<string>> {
  if (topics.size === 0) return new Set()
  const described = await admin
    .describeConfigs({
      resources: [...topics].map((topic) => ({
        resourceType: TOPIC_RESOURCE,
        resourceName: topic,
        configurationKeys: ['cleanup.policy']
      }))
    })
    .catch((error: unknown) => {
      if (refusalOf(error)?.kind !== 'access') throw error
      return null
    })
  if (described === null) return new Set(topics) // we may not ask: nothing can be said of them
  const isCompacted = described.filter(({ configs }) => configs[0]?.value?.includes('compact'))
  return new Set(isCompacted.map(({ resourceName }) => resourceName))
}
