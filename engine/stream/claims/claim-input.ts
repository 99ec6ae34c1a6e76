import type { Admin } from '@platformatic/kafka'
import { TornFileError } from '../../errors.ts'
import { claimTopic, handOver } from '../../lake/owners.ts'
import type { TopicOwner } from '../../lake/owners.ts'
import { LONGEST_SOURCE, sourceOf } from '../../kafka/partition.ts'
import type { Store } from '../../store/store.ts'
import { firstLook } from './first-look.ts'
import type { Looked } from './first-look.ts'
import type { StreamSettings } from '../common/settings.ts'
import { describeTopics } from '../../kafka/topic-list.ts'

/** What the owner's book of the lake says of the input topics. */
export interface OwnedTopics {
  /** Kafka's ids of the topics that are ours, as they were when the lake began with them. */
  readonly topicIds: ReadonlyMap<string, string>
  /** What there was when the group first looked. */
  readonly looked: Looked
  /** Topics that another fills this lake from, and what to say of it. */
  readonly refused: ReadonlyMap<string, string>
}

/** Enters topics that nobody has into the book, in the name of this group; says whose the others are. */
export async function claimInput(
  admin: Admin,
  store: Store,
  { group, takeOver }: Pick<StreamSettings, 'group' | 'takeOver'>,
  topics: readonly string[]
): Promise<OwnedTopics> {
  const topicIds = new Map<string, string>()
  const refused = new Map<string, string>()
  const { cluster, topics: known } = await describeTopics(admin, topics)
  const looked = await firstLook(admin, store, cluster, group)
  for (const topic of topics) {
    const topicId = known.get(topic)?.id
    if (topicId === undefined || isTooLong(topic)) continue
    const me = { cluster, group, topic, topicId, since: new Date().toISOString() }
    const owner = await ownerOf(store, me, takeOver)
    if (owner === null) {
      topicIds.set(topic, topicId)
      continue
    }
    const isHere = owner.cluster === cluster
    const isOurs = isHere && owner.group === group
    if (isHere && !isOurs && takeOver) await handOver(store, { ...me, topicId: owner.topicId })
    if (isOurs || (isHere && takeOver)) topicIds.set(topic, owner.topicId)
    else refused.set(topic, refusalOf(store, owner, me))
  }
  return { topicIds, looked, refused }
}

/** No partition of it is ever read (see `LONGEST_SOURCE`): nothing is entered of it, and no file could be called so. */
function isTooLong(topic: string): boolean {
  return sourceOf({ topic, partition: 0 }).length > LONGEST_SOURCE
}

/** Null: who it was can be read no more, and a person gave the topic to this group. */
async function ownerOf(
  store: Store,
  me: TopicOwner,
  takeOver: boolean
): Promise<TopicOwner | null> {
  try {
    return await claimTopic(store, me)
  } catch (error) {
    if (!takeOver || !(error instanceof TornFileError)) throw error
    await handOver(store, me)
    return null
  }
}

/** Offsets of another Kafka are of other messages, whatever the topic is called: its topic can never be gone on with. */
function refusalOf(store: Store, owner: TopicOwner, { cluster, topic, group }: TopicOwner): string {
  const since = `fills the lake ${store.root} from topic ${topic} since ${owner.since}`
  if (owner.cluster !== cluster) {
    return (
      `group ${owner.group} of another Kafka (cluster ${owner.cluster}) ${since}, and topic ${topic} of this Kafka (cluster ${cluster}) ` +
      `is another topic, whose offsets are those of other messages: choose another lake, or bring it here under a name of its own, ` +
      `such as other.${topic}; it cannot be taken over`
    )
  }
  return (
    `group ${owner.group} ${since}, ` +
    `and group ${group} would take the same packets in again: go on with --group ${owner.group}, choose another lake, ` +
    `or give the topic to this group with --take-over once the other has ended`
  )
}
