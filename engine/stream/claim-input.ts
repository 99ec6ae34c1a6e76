import type { Admin } from '@platformatic/kafka'
import { TornFileError } from '../errors.ts'
import { claimTopic, handOver } from '../persist/owners.ts'
import type { TopicOwner } from '../persist/owners.ts'
import type { Store } from '../persist/store.ts'
import type { StreamSettings } from './settings.ts'

/** What the owner's book of the lake says of the input topics. */
export interface OwnedTopics {
  /** Kafka's ids of the topics that are ours, as they were when the lake began with them. */
  readonly topicIds: ReadonlyMap<string, string>
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
  if (topics.length === 0) return { topicIds, refused }
  const { id: cluster, topics: known } = await admin.metadata({
    topics: [...topics],
    forceUpdate: true
  })
  for (const topic of topics) {
    const topicId = known.get(topic)?.id
    if (topicId === undefined) continue
    const me = { cluster, group, topic, topicId, since: new Date().toISOString() }
    const owner = await ownerOf(store, me, takeOver)
    if (owner === null) {
      topicIds.set(topic, topicId)
      continue
    }
    const isOurs = owner.cluster === cluster && owner.group === group
    if (isOurs) topicIds.set(topic, owner.topicId)
    else if (takeOver) {
      await handOver(store, { ...me, topicId: owner.cluster === cluster ? owner.topicId : topicId })
      topicIds.set(topic, topicId)
    } else refused.set(topic, refusalOf(store, owner, me))
  }
  return { topicIds, refused }
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

function refusalOf(store: Store, owner: TopicOwner, { cluster, topic, group }: TopicOwner): string {
  const where = owner.cluster === cluster ? '' : ` of another Kafka (cluster ${owner.cluster})`
  return (
    `group ${owner.group}${where} fills the lake ${store.root} from topic ${topic} since ${owner.since}, ` +
    `and group ${group} would take the same packets in again: go on with --group ${owner.group}, choose another lake, ` +
    `or give the topic to this group with --take-over once the other has ended`
  )
}
