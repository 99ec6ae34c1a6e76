import { ResponseError } from '@platformatic/kafka'
import type { Admin } from '@platformatic/kafka'

interface DescribedTopic {
  readonly id: string
  readonly partitions: number
}

/** What Kafka says of topics. */
export interface DescribedTopics {
  /** Kafka's own id. */
  readonly cluster: string
  readonly topics: ReadonlyMap<string, DescribedTopic>
  /** Of those: a partition has no leader now, its brokers or their disks are down. */
  readonly offline: ReadonlySet<string>
}

/** As the answer to a question for metadata comes from Kafka. */
interface Answer {
  readonly clusterId: string | null
  readonly topics: readonly {
    readonly name: string | null
    readonly topicId: string
    readonly errorCode: number
    readonly isInternal: boolean
    readonly partitions: readonly { readonly errorCode: number }[]
  }[]
}

const OK = 0
const LEADER_NOT_AVAILABLE = 5
const LISTENER_NOT_FOUND = 72
const OFFLINE = [LEADER_NOT_AVAILABLE, LISTENER_NOT_FOUND]

/*
 * The client takes an answer in which one partition has no leader for a failure of all; the answer is in its error, and all that
 * does not need the leader is told in it: a topic of somebody else that is offline is no matter, one of ours is left alone.
 */

/** The names of all topics that our user may see, those too that are offline. */
export async function listTopics(admin: Admin): Promise<string[]> {
  try {
    return await admin.listTopics()
  } catch (error) {
    const { topics } = answerOf(error)
    return topics.flatMap(({ name, isInternal }) => (isInternal ? [] : (name ?? []))).sort()
  }
}

export async function describeTopics(
  admin: Admin,
  names: readonly string[]
): Promise<DescribedTopics> {
  try {
    const { id, topics: known } = await admin.metadata({ topics: [...names], forceUpdate: true })
    const topics = [...known].flatMap(([name, topic]) =>
      topic ? [[name, { id: topic.id, partitions: topic.partitionsCount }] as const] : []
    )
    return { cluster: id, topics: new Map(topics), offline: new Set() }
  } catch (error) {
    const answer = answerOf(error)
    const topics = new Map<string, DescribedTopic>()
    const offline = new Set<string>()
    for (const { name, topicId, errorCode, partitions } of answer.topics) {
      if (name === null) continue
      topics.set(name, { id: topicId, partitions: partitions.length })
      const codes = [errorCode, ...partitions.map((one) => one.errorCode)]
      if (codes.some((code) => OFFLINE.includes(code))) offline.add(name)
    }
    return { cluster: answer.clusterId ?? '', topics, offline }
  }
}

/** @throws the error itself where it says more than that something is offline. */
function answerOf(error: unknown): Answer {
  const answer = lastResponse(error)
  const isWhole = answer?.topics.every(({ errorCode, partitions }) =>
    [errorCode, ...partitions.map((one) => one.errorCode)].every(
      (code) => code === OK || OFFLINE.includes(code)
    )
  )
  if (!answer || !isWhole) throw error
  return answer
}

/** What the newest of the tries was answered. */
function lastResponse(error: unknown): Answer | null {
  if (error instanceof ResponseError) return (Reflect.get(error, 'response') as Answer) ?? null
  if (!(error instanceof AggregateError)) return null
  const last: unknown = error.errors.at(-1)
  return lastResponse(last)
}
