import type { Admin } from '@platformatic/kafka'
import type { PartRecord } from '../../lake/ledger.ts'
import { placeName, readPlaces } from '../../lake/files/places.ts'
import { CommittedReader } from '../../kafka/committed-reader.ts'
import type { ReadPosition } from '../../kafka/committed-reader.ts'
import { CLOCKS_MS, offsetsAt } from '../../kafka/offsets.ts'
import { sourceOf } from '../../kafka/partition.ts'
import { PartitionError } from '../../kafka/partition-error.ts'
import { refusalOf } from '../../kafka/refusals.ts'
import type { KafkaAccess } from '../../kafka/settings.ts'
import { listTopics } from '../../kafka/topic-list.ts'

/** The topics of a stream, and who looks into them. */
export interface PublishedTopics {
  readonly access: KafkaAccess
  readonly name: string
  readonly prefix: string
  /** Told that they are looked into, which may take long, and null when that is over. */
  readonly onLook: (what: string | null) => void
}

const LOOK =
  'the topics for subscribers, to see which of its last parts counted: the group has forgotten it'

/**
 * True if all that a part has selected is in the topics: a transaction is there as a whole or not at all, so it
 * counted. False also for a part that has selected nothing: it can be made again, and nobody sees a difference.
 */
export async function isPublished(
  admin: Admin,
  { access, name, prefix, onLook }: PublishedTopics,
  record: PartRecord
): Promise<boolean> {
  const missing = selectedOf(record, prefix)
  const there = new Set(await listTopics(admin))
  const topics = [...missing.keys()]
  if (topics.length === 0 || topics.some((topic) => !there.has(topic))) return false
  const reader = new CommittedReader(access, `${name}-look`, topics)
  onLook(LOOK)
  try {
    const places = await placesSince(admin, reader, topics, Date.parse(record.started) - CLOCKS_MS)
    for await (const { topic, messages } of reader.read(places)) {
      for (const { headers } of messages) {
        missing.get(topic)?.delete(headers.get('source')?.toString() ?? '')
      }
    }
  } catch (error) {
    if (refusalOf(error)?.kind !== 'access') throw error
    throw new PartitionError(
      `the group has forgotten where it is, and if its last part ${record.part} counted is in topics that our user may not read: give it READ of ${topics.join(', ')}`,
      true,
      { cause: error }
    )
  } finally {
    onLook(null)
    await reader.close().catch(() => {})
  }
  return [...missing.values()].every((left) => left.size === 0)
}

/** What the headers of its messages say where they are from, by topic. */
function selectedOf({ source, first, filters, stream }: PartRecord, usual: string) {
  const prefix = stream?.prefix ?? usual
  const wanted = new Map<string, Set<string>>()
  for (const { topic, selected = {} } of Object.values(filters)) {
    const places = Object.values(selected).flatMap(readPlaces)
    if (places.length === 0) continue
    const names = places.map(
      (place) => `${source}@${placeName({ ...place, offset: first + place.offset })}`
    )
    wanted.set(prefix + topic, new Set(names))
  }
  return wanted
}

/** To the very end: what is in a transaction that is still open there is waited for. */
async function placesSince(
  admin: Admin,
  reader: CommittedReader,
  topics: readonly string[],
  time: number
): Promise<ReadPosition[]> {
  const spans = await reader.spans(topics)
  const firsts = await offsetsAt(admin, spans, BigInt(time))
  return spans.map((span) => {
    const { topic, partition, first, end } = span
    return { topic, partition, offset: Math.max(first, firsts.get(sourceOf(span)) ?? end), end }
  })
}
