import type { Admin } from '@platformatic/kafka'
import type { Survey } from '../../contract/index.ts'
import type { Plan } from '../../enrich/plan.ts'
import { meantBy, SiskinError, UsageError } from '../../errors.ts'
import { finkTopic } from '../../publish/kafka.ts'
import { createCompacted, createTopics } from '../../kafka/topics.ts'
import { sourceOf } from '../../kafka/partition.ts'
import { schemaTopic } from '../../kafka/schema-topic.ts'
import type { OutputSettings, StreamSettings } from './settings.ts'
import { describeSettled, listTopics } from '../../kafka/topic-list.ts'

/** Partitions of the input topics that are there, by topic. */
type InputTopics = ReadonlyMap<string, number>

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

/** What there is of the topics that are asked for, and the names that stand for none. */
export interface FoundTopics {
  readonly topics: InputTopics
  readonly missing: readonly string[]
  /** There, but just being made or without a broker: the client can read nothing beside such a one. */
  readonly offline: readonly string[]
  /** Sources of partitions that have no leader now. */
  readonly leaderless: ReadonlySet<string>
}

/**
 * The topics that are asked for, with their partitions. Patterns may match none yet, and never match
 * a topic that the stream itself writes.
 */
export async function findTopics(
  admin: Admin,
  names: readonly string[],
  isOwn: (topic: string) => boolean
): Promise<FoundTopics> {
  const there = await listTopics(admin)
  const missing: string[] = []
  const found = names.flatMap((name) => {
    if (!name.startsWith('/')) {
      if (there.includes(name)) return [name]
      missing.push(name)
      return []
    }
    const isMeant = matcherOf(name)
    return there.filter((topic) => isMeant(topic) && !isOwn(topic))
  })
  const topics = [...new Set(found)].sort()
  if (topics.length === 0) {
    return { topics: new Map(), missing, offline: [], leaderless: new Set() }
  }
  const known = await describeSettled(admin, topics)
  const online = [...known.topics].filter(([topic]) => !known.offline.has(topic))
  const leaderless = online.flatMap(([topic, own]) =>
    own.leaderless.map((partition) => sourceOf({ topic, partition }))
  )
  const partitions = new Map(online.map(([topic, own]) => [topic, own.partitions]))
  return {
    topics: partitions,
    missing,
    offline: [...known.offline],
    leaderless: new Set(leaderless)
  }
}

/** @throws SiskinError that names a topic that is missing, and those that are there. */
export async function expectTopics(admin: Admin, names: readonly string[]): Promise<void> {
  const { missing } = await findTopics(admin, names, () => false)
  if (missing.length === 0) return
  const there = await listTopics(admin)
  const some = there.slice(0, 12).join(', ') || 'none'
  const meant = meantBy(missing[0]!, there)
  throw new SiskinError(`no topic "${missing[0]}" in Kafka${meant}; there are: ${some}`)
}

/** The compacted topic that says who publishes to which topic, and which lake a group fills. */
export const OWNERS_TOPIC = 'siskin-owners'

/** Where topics in Fink's form are, if nothing else is said; they may be there from an earlier time. */
const FINK_PREFIX = 'fink_'

/** Tells the topics that a stream writes, or has written, in either form. */
export function ownTopics(settings: StreamSettings, plan: Plan): (topic: string) => boolean {
  const { prefix, finkPrefix } = settings.output
  const { own, fink, schemas } = outputTopics(settings, plan)
  const names = new Set([...own, ...fink, schemas, OWNERS_TOPIC])
  const prefixes = [prefix, finkPrefix || FINK_PREFIX].filter((text) => text !== '')
  return (topic) => names.has(topic) || prefixes.some((text) => topic.startsWith(text))
}

/** True if two looks at the input found the same. */
export function sameTopics(a: FoundTopics, b: FoundTopics): boolean {
  const isSame = [...a.topics].every(([topic, partitions]) => b.topics.get(topic) === partitions)
  return isSame && a.topics.size === b.topics.size && equal(a.leaderless, b.leaderless)
}

function equal(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((name) => b.has(name))
}

/** The topics of a stream, full names. */
export interface OutputTopics {
  readonly own: readonly string[]
  readonly fink: readonly string[]
  /** Where the schemas of `own` are; null where there is none of those. */
  readonly schemas: string | null
}

export function outputTopics(
  { output, surveys }: Pick<StreamSettings, 'output' | 'surveys'>,
  { filters }: Plan
): OutputTopics {
  const { prefix } = output
  const own = [...new Set(filters.map(({ topic }) => prefix + topic))]
  const fink = surveys.flatMap((survey) => finkTopicsOf(output, filters, survey))
  return { own, fink, schemas: own.length > 0 ? schemaTopic(prefix) : null }
}

/** The topics in Fink's form that a stream publishes to as soon as it reads this survey. */
export function finkTopicsOf(
  { finkPrefix }: OutputSettings,
  filters: Plan['filters'],
  survey: Survey
): string[] {
  if (!finkPrefix) return []
  return filters
    .filter((filter) => filter.surveys?.includes(survey) ?? true)
    .map((filter) => `${finkPrefix}${finkTopic(filter, survey)}`)
}

export async function makeTopics(
  admin: Admin,
  { own, fink, schemas }: OutputTopics,
  output: OutputSettings
): Promise<void> {
  await createTopics(admin, [...own, ...fink], output)
  if (schemas !== null) await createCompacted(admin, schemas, output.replication)
}
