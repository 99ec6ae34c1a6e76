import { randomUUID } from 'node:crypto'
import { OWN } from './ledger.ts'
import { jsonBytes, readJson, replaceFile } from '../store/replace-file.ts'
import { isTaken } from '../store/errors.ts'
import type { Store, Whereabouts } from '../store/store.ts'

/*
 * The owner's book: who may write what into a lake. Files belong to the run that has claimed them
 * (`run-claim.ts`), a topic of Kafka to one consumer group of one cluster, for good.
 */

/** Who fills a lake from a topic. */
export interface TopicOwner {
  /** Kafka's own id of the cluster. */
  readonly cluster: string
  readonly group: string
  readonly topic: string
  /** Kafka's own id of the topic: one that is made anew under the old name has another. */
  readonly topicId: string
  readonly since: string
}

const topicPath = (topic: string) => `${OWN}/owners/topics/${topic}.json`

/** Who owns a topic from now on: the one that is in the book already, else `owner`. */
export async function claimTopic(store: Store, owner: TopicOwner): Promise<TopicOwner> {
  const known = await readJson<TopicOwner>(store, topicPath(owner.topic))
  if (known) return known
  try {
    await store.create(topicPath(owner.topic), jsonBytes(owner))
    return owner
  } catch (error) {
    if (!isTaken(error)) throw error
    return (await readJson<TopicOwner>(store, topicPath(owner.topic))) ?? owner
  }
}

/** Hands a topic over to another owner, because a person said so. */
export async function handOver(store: Store, owner: TopicOwner): Promise<void> {
  await replaceFile(store, topicPath(owner.topic), owner)
}

/** The topics that this lake is filled from. */
export async function ownedTopics(store: Store): Promise<string[]> {
  const entries = await store.entries(`${OWN}/owners/topics`)
  return entries.flatMap(({ name }) => (name.endsWith('.json') ? [name.slice(0, -5)] : []))
}

const ID = `${OWN}/lake.json`

/** The lake's own id: wherever it is mounted, whatever it is called. */
export async function lakeId(store: Store): Promise<string> {
  const known = await readJson<{ id: string }>(store, ID)
  if (known) return known.id
  const id = randomUUID()
  try {
    await store.create(ID, jsonBytes({ id }))
    return id
  } catch (error) {
    if (!isTaken(error)) throw error
    return (await readJson<{ id: string }>(store, ID))?.id ?? id
  }
}

/** A lake among others: a copy has its id too, and another file that holds it. */
export interface LakeIdentity extends Partial<Whereabouts> {
  readonly id: string
  /** As the user named it. */
  readonly lake: string
}

export async function lakeIdentity(store: Store): Promise<LakeIdentity> {
  const id = await lakeId(store)
  return { id, lake: store.root, ...(await store.whereabouts?.(ID)) }
}
