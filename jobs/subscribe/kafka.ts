import { randomBytes } from 'node:crypto'
import { openRegistry } from '../../engine/registry/registry.ts'
import { meantBy, UsageError } from '../../engine/errors.ts'
import { openStore } from '../../engine/store/open-store.ts'
import { OWNERS_TOPIC } from '../../engine/stream/common/topics.ts'
import { askInTime } from '../../engine/stream/check.ts'
import { explain } from '../../engine/kafka/client.ts'
import { schemaTopic } from '../../engine/kafka/schema-topic.ts'
import type { KafkaAccess } from '../../engine/kafka/settings.ts'
import { KafkaFeed } from '../../engine/subscribe/kafka-feed.ts'
import { kafkaLag } from '../../engine/subscribe/kafka-lag.ts'
import { SchemaFinder } from '../../engine/subscribe/schemas.ts'
import { kafkaAccess } from '../common/kafka-access.ts'
import type { Settings } from '../settings/settings.ts'
import type { FeedAddress, Wanted } from './feed.ts'
import { listTopics } from '../../engine/kafka/topic-list.ts'

/** Topics in Kafka, with the schemas that their messages name. */
export async function inKafka(settings: Settings, wanted: Wanted): Promise<FeedAddress> {
  const access = kafkaAccess(settings)
  const { group, registry, hasLake } = wanted
  const { outPrefix, refreshSeconds, lake } = settings
  const topics = await fullNames(access, wanted.topics, outPrefix)
  const clientId = `${group}-${randomBytes(4).toString('hex')}`
  const schemas = new SchemaFinder({
    access,
    clientId,
    topic: schemaTopic(outPrefix),
    lake: hasLake ? openStore(lake) : null,
    registry: registry === null ? null : openRegistry(registry)
  })
  return {
    open: async () =>
      new KafkaFeed({ ...wanted, access, clientId, topics, refreshSeconds, schemas }),
    lag: () => kafkaLag(access, clientId, group, topics),
    names: async () => forSubscribers(await askInTime(access, listTopics), outPrefix),
    by: 'partition',
    explain: (error) => explain(access, error)
  }
}

/** Topics are named in full, or without the prefix. @throws UsageError that says which there are. */
async function fullNames(
  access: KafkaAccess,
  names: readonly string[],
  prefix: string
): Promise<string[]> {
  if (names.length === 0) return []
  const there = await askInTime(access, listTopics)
  const full = names.map((name) => {
    const found = [name, prefix + name].find((topic) => there.includes(topic))
    if (found !== undefined) return found
    const known = forSubscribers(there, prefix)
    const list = known.join(', ') || 'none'
    throw new UsageError(`no topic "${name}" in Kafka${meantBy(name, known)}; there are: ${list}`)
  })
  return [...new Set(full)]
}

/** Those with the prefix; all where none has it. What Siskin and Kafka keep for themselves is left out. */
function forSubscribers(topics: readonly string[], prefix: string): string[] {
  const inner = new Set([schemaTopic(prefix), OWNERS_TOPIC])
  const shown = topics.filter((topic) => !inner.has(topic) && !topic.startsWith('__'))
  const own = shown.filter((topic) => topic.startsWith(prefix))
  return (own.length > 0 ? own : shown).toSorted()
}
