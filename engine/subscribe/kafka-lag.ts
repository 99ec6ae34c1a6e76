import { CommittedReader } from '../kafka/committed-reader.ts'
import type { PartitionSpan, ReadPosition } from '../kafka/committed-reader.ts'
import { openAdmin } from '../kafka/client.ts'
import { sourceOf } from '../kafka/partition.ts'
import { stablePositions } from '../kafka/positions.ts'
import type { KafkaAccess } from '../kafka/settings.ts'
import type { LagRow } from './feed.ts'

/** Most offsets that are read to count the alerts among them. */
const MOST_OFFSETS = 20_000

/**
 * How far a group is; ends are those that a read_committed reader sees. Offsets are markers of
 * transactions and aborted messages too: what is unread is read, and the alerts are counted.
 */
export async function kafkaLag(
  access: KafkaAccess,
  clientId: string,
  group: string,
  topics: readonly string[]
): Promise<LagRow[]> {
  const admin = openAdmin(access, `${clientId}-admin`)
  const reader = new CommittedReader(access, clientId, topics)
  try {
    const spans = await reader.spans(topics)
    const never = new AbortController().signal
    const positions = await stablePositions(admin, group, spans, never)
    const unread = spans.map((span) => unreadOf(span, positions.get(sourceOf(span))))
    const offsets = unread.reduce((sum, { offset, end }) => sum + end - offset, 0)
    const isExact = offsets <= MOST_OFFSETS
    const counts = isExact ? await countAlerts(reader, unread) : null
    return unread.map(({ topic, partition, offset, end }) => {
      const source = sourceOf({ topic, partition })
      const lag = counts ? (counts.get(source) ?? 0) : end - offset
      const position = positions.get(source) ?? null
      return {
        topic,
        partition: String(partition),
        position,
        end,
        lag,
        isExact: isExact || lag === 0
      }
    })
  } finally {
    await reader.close()
    await admin.close()
  }
}

/** What a group has not read of a partition; deleted messages are not there to be read. */
function unreadOf(
  { topic, partition, first, stableEnd: end }: PartitionSpan,
  position: number | undefined
): Required<ReadPosition> {
  return { topic, partition, offset: Math.min(end, Math.max(first, position ?? first)), end }
}

/** Messages with a value, by partition. */
async function countAlerts(
  reader: CommittedReader,
  places: readonly ReadPosition[]
): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  for await (const chunk of reader.read(places)) {
    const alerts = chunk.messages.filter(({ value }) => value !== null).length
    counts.set(sourceOf(chunk), (counts.get(sourceOf(chunk)) ?? 0) + alerts)
  }
  return counts
}
