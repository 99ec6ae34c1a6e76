import { setTimeout as delay } from 'node:timers/promises'
import { ResponseError } from '@platformatic/kafka'
import type { Admin } from '@platformatic/kafka'
import { isLeaderless, isOfflineOnly } from './clients.ts'
import type { MetadataAnswer } from './clients.ts'
import { isUnknownTopic } from './refusals.ts'

interface DescribedTopic {
  readonly id: string
  readonly partitions: number
  /** Those that have no leader now: their brokers or their disks are down. */
  readonly leaderless: readonly number[]
}

/** What Kafka says of topics. */
export interface DescribedTopics {
  /** Kafka's own id. */
  readonly cluster: string
  /** Without those that are not there (any more). */
  readonly topics: ReadonlyMap<string, DescribedTopic>
  /** Of those: they are just being made, no partition can be read. */
  readonly offline: ReadonlySet<string>
}

const LEADER_NOT_AVAILABLE = 5
const LISTENER_NOT_FOUND = 72
const OFFLINE = [LEADER_NOT_AVAILABLE, LISTENER_NOT_FOUND]

/*
 * The client takes an answer in which one topic is offline for a failure of all; the answer is in its error, and all that does not need
 * the leader is told in it: a topic of somebody else that is offline is no matter, one of ours is left alone.
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

const MOST_LOOKS = 5

/** Topics may go between the look at their names and this one: such are left out. */
export async function describeTopics(
  admin: Admin,
  names: readonly string[]
): Promise<DescribedTopics> {
  let there = names
  for (let looks = 1; ; looks++) {
    try {
      return await describe(admin, there)
    } catch (error) {
      if (!isUnknownTopic(error) || looks === MOST_LOOKS) throw error
      const now = new Set(await listTopics(admin))
      there = there.filter((name) => now.has(name))
    }
  }
}

/** An election takes a moment: only who has no leader for longer has none. */
const ELECTION_MS = 2000
const LOOK_MS = 100

/** The same, but partitions that are about to get a leader have one. */
export async function describeSettled(
  admin: Admin,
  names: readonly string[]
): Promise<DescribedTopics> {
  for (let waited = 0; ; waited += LOOK_MS) {
    const found = await describeTopics(admin, names)
    const isSettled = [...found.topics.values()].every(({ leaderless }) => leaderless.length === 0)
    if (isSettled || waited >= ELECTION_MS) return found
    await delay(LOOK_MS)
  }
}

async function describe(admin: Admin, names: readonly string[]): Promise<DescribedTopics> {
  try {
    const { id, topics: known } = await admin.metadata({ topics: [...names], forceUpdate: true })
    const topics = [...known].flatMap(([name, topic]) => {
      if (!topic) return []
      const { id: own, partitions, partitionsCount } = topic
      const leaderless = partitions.flatMap((one, i) => (isLeaderless(one) ? [i] : []))
      return [[name, { id: own, partitions: partitionsCount, leaderless }] as const]
    })
    return { cluster: id, topics: new Map(topics), offline: new Set() }
  } catch (error) {
    const answer = answerOf(error)
    const topics = new Map<string, DescribedTopic>()
    const offline = new Set<string>()
    for (const { name, topicId, errorCode, partitions } of answer.topics) {
      if (name === null) continue
      const leaderless = partitions.flatMap((one, i) =>
        OFFLINE.includes(one.errorCode) ? [i] : []
      )
      topics.set(name, { id: topicId, partitions: partitions.length, leaderless })
      if (OFFLINE.includes(errorCode)) offline.add(name)
    }
    return { cluster: answer.clusterId ?? '', topics, offline }
  }
}

/** @throws the error itself where it says more than that something is offline. */
function answerOf(error: unknown): MetadataAnswer {
  const answer = lastResponse(error)
  if (!answer || !isOfflineOnly(answer)) throw error
  return answer
}

/** What the newest of the tries was answered. */
function lastResponse(error: unknown): MetadataAnswer | null {
  if (error instanceof ResponseError) {
    return (Reflect.get(error, 'response') as MetadataAnswer) ?? null
  }
  if (!(error instanceof AggregateError)) return null
  const last: unknown = error.errors.at(-1)
  return lastResponse(last)
}
