import type { Admin } from '@platformatic/kafka'
import { isKafkaError } from './refusals.ts'
import { listTopics } from './topic-list.ts'

/** How topics are made that are not there yet. */
export interface NewTopics {
  readonly partitions: number
  readonly replication: number
  readonly retentionDays: number
}

/** Makes the topics that are missing; those that are there stay as they are. */
export async function createTopics(
  admin: Admin,
  topics: readonly string[],
  { partitions, replication: replicas, retentionDays }: NewTopics
): Promise<void> {
  const there = new Set(await listTopics(admin))
  const retention = String(retentionDays * 24 * 3600 * 1000)
  const configs = [{ name: 'retention.ms', value: retention }]
  for (const topic of topics.filter((name) => !there.has(name))) {
    await createTopic(admin, topic, { partitions, replicas, configs })
  }
}

/** Makes a topic of which the newest message of every key is kept for ever, unless it is there. */
export async function createCompacted(
  admin: Admin,
  topic: string,
  replicas: number
): Promise<void> {
  if ((await listTopics(admin)).includes(topic)) return
  const configs = [{ name: 'cleanup.policy', value: 'compact' }]
  await createTopic(admin, topic, { partitions: 1, replicas, configs })
}

interface TopicShape {
  readonly partitions: number
  readonly replicas: number
  readonly configs: { name: string; value: string }[]
}

async function createTopic(admin: Admin, topic: string, shape: TopicShape): Promise<void> {
  await admin.createTopics({ topics: [topic], ...shape }).catch((error: unknown) => {
    if (!isKafkaError(error, 'TOPIC_ALREADY_EXISTS')) throw error // else another member was quicker
  })
}

const BATCH_OVERHEAD = 4096
const TOPIC_RESOURCE = 2

/** Bytes that a record batch may hold in each of these topics; 0 where there are none. */
export async function limitOf(admin: Admin, topics: readonly string[]): Promise<number> {
  return topics.length > 0 ? leastLimit(admin, topics) : 0
}

/** Bytes that a record batch may hold in each of these topics: the least of their limits. */
export async function leastLimit(admin: Admin, topics: readonly string[]): Promise<number> {
  const described = await admin.describeConfigs({
    resources: topics.map((topic) => ({
      resourceType: TOPIC_RESOURCE,
      resourceName: topic,
      configurationKeys: ['max.message.bytes']
    }))
  })
  const limits = described.flatMap(({ configs }) => configs.map(({ value }) => Number(value)))
  return Math.min(1024 * 1024, ...limits.filter((limit) => limit > 0)) - BATCH_OVERHEAD
}
