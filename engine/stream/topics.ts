import type { Admin } from '@platformatic/kafka'
import { SiskinError, UsageError } from '../errors.ts'
import { isKafkaError } from './kafka.ts'
import type { OutputSettings } from './settings.ts'

/** Partitions of the input topics that are there, by topic. */
export type InputTopics = ReadonlyMap<string, number>

/** `/…/` is a pattern. @throws UsageError for one that is no regular expression. */
function matcherOf(name: string): (topic: string) => boolean {
  if (!name.startsWith('/')) return (topic) => topic === name
  try {
    const pattern = new RegExp(name.replace(/^\/|\/$/g, ''))
    return (topic) => pattern.test(topic)
  } catch (error) {
    throw new UsageError(`topic pattern ${name}: ${(error as Error).message}`)
  }
}

/** The topics that are asked for, with their partitions. Patterns may match none yet. */
export async function findTopics(admin: Admin, names: readonly string[]): Promise<InputTopics> {
  const there = await admin.listTopics()
  const found = names.flatMap((name) => {
    const matches = there.filter(matcherOf(name))
    if (matches.length === 0 && !name.startsWith('/')) {
      const some = there.toSorted().slice(0, 12).join(', ')
      throw new SiskinError(`no topic "${name}" in Kafka; there are: ${some || 'none'}`)
    }
    return matches
  })
  const topics = [...new Set(found)].sort()
  if (topics.length === 0) return new Map()
  const metadata = await admin.metadata({ topics, forceUpdate: true })
  return new Map(topics.map((topic) => [topic, metadata.topics.get(topic)?.partitionsCount ?? 0]))
}

/** True if two looks at the input found the same. */
export function sameTopics(a: InputTopics, b: InputTopics): boolean {
  return a.size === b.size && [...a].every(([topic, partitions]) => b.get(topic) === partitions)
}

/** Makes the output topics that are missing; those that are there stay as they are. */
export async function createTopics(
  admin: Admin,
  topics: readonly string[],
  { partitions, replication, retentionDays }: OutputSettings
): Promise<void> {
  const there = new Set(await admin.listTopics())
  for (const topic of topics.filter((name) => !there.has(name))) {
    const retention = String(retentionDays * 24 * 3600 * 1000)
    await admin
      .createTopics({
        topics: [topic],
        partitions,
        replicas: replication,
        configs: [{ name: 'retention.ms', value: retention }]
      })
      .catch((error: unknown) => {
        if (!isKafkaError(error, 'TOPIC_ALREADY_EXISTS')) throw error // else another member was quicker
      })
  }
}

const BATCH_OVERHEAD = 4096
const TOPIC_RESOURCE = 2

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
