import { messageOf, TornFileError } from '../../errors.ts'
import { atOnce } from '../../store/at-once.ts'
import type { AsideReason } from '../common/aside.ts'
import { PartitionError } from '../../kafka/partition-error.ts'
import { sourceOf } from '../../kafka/partition.ts'
import type { Partition } from '../../kafka/partition.ts'
import { isKafkaError, isUnknownTopic } from '../../kafka/refusals.ts'

/** Why one partition cannot be taken over, though others can. */
export interface Fault {
  readonly reason: AsideReason
  readonly detail: string
  readonly error: unknown
  /** If it is so of all partitions, it is no partition's own: Kafka is down. */
  readonly isShared: boolean
}

/** What Kafka says of one topic or partition, and what may be otherwise of the next. */
const OF_ONE = [
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_OR_FOLLOWER',
  'KAFKA_STORAGE_ERROR',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'UNKNOWN_TOPIC_ID',
  'INCONSISTENT_TOPIC_ID',
  'OFFSET_OUT_OF_RANGE',
  'OFFSET_NOT_AVAILABLE',
  'CORRUPT_MESSAGE'
]

/** Null for what is no fault of a partition: an outage, another's generation, a defect of ours. */
function faultOf(error: unknown, { topic }: Partition): Fault | null {
  if (error instanceof TornFileError) {
    return { reason: 'torn', detail: messageOf(error), error, isShared: false }
  }
  if (error instanceof PartitionError) {
    const reason = error.isForbidden ? 'forbidden' : 'unanswered'
    return { reason, detail: messageOf(error), error, isShared: false }
  }
  if (isKafkaError(error, 'TOPIC_AUTHORIZATION_FAILED')) {
    const detail = `our user may not read topic ${topic}: give it READ of it`
    return { reason: 'forbidden', detail, error, isShared: false }
  }
  if (isUnknownTopic(error)) {
    return { reason: 'gone', detail: `topic ${topic} is gone`, error, isShared: false }
  }
  const id = OF_ONE.find((name) => isKafkaError(error, name))
  if (id === undefined) return null
  const detail = `Kafka gives nothing of it (${id}): are all brokers and disks there that have it?`
  return { reason: 'unanswered', detail, error, isShared: true }
}

const AT_ONCE = 4

/**
 * Asks for all partitions at once, as is cheap; where that fails of what may be one partition's fault, of each alone. What is
 * found out of one that fails goes to `onFault`.
 */
export async function askEach<T, P extends Partition>(
  partitions: readonly P[],
  ask: (partitions: readonly P[]) => Promise<ReadonlyMap<string, T>>,
  onFault: (source: string, fault: Fault) => void,
  most = AT_ONCE
): Promise<Map<string, T>> {
  if (partitions.length === 0) return new Map()
  const found = new Map<string, T>()
  const askFor = async (own: readonly P[]) => {
    for (const [source, value] of await ask(own)) found.set(source, value)
  }
  try {
    await askFor(partitions)
  } catch (error) {
    if (!faultOf(error, partitions[0]!)) throw error
    await atOnce(partitions, most, async (one) => {
      await orFault(
        one,
        () => askFor([one]),
        (fault) => onFault(sourceOf(one), fault)
      )
    })
  }
  return found
}

/** @throws what is no fault of the partition. */
export async function orFault<T>(
  partition: Partition,
  work: () => Promise<T>,
  onFault: (fault: Fault) => void
): Promise<T | null> {
  try {
    return await work()
  } catch (error) {
    const fault = faultOf(error, partition)
    if (!fault) throw error
    onFault(fault)
    return null
  }
}
