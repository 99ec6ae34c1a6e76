import { createHash } from 'node:crypto'
import type { Admin } from '@platformatic/kafka'
import { OWN } from '../../lake/ledger.ts'
import { jsonBytes, readJson } from '../../store/replace-file.ts'
import { isTaken } from '../../store/errors.ts'
import type { Store } from '../../store/store.ts'
import type { Partition } from '../../kafka/partition.ts'

/** What there was in a Kafka when a group first looked, to fill this lake. */
interface FirstLook {
  readonly cluster: string
  readonly group: string
  readonly since: string
  /** Partitions of every topic. */
  readonly topics: Readonly<Record<string, number>>
}

/** Partitions by topic. */
export type Looked = ReadonlyMap<string, number>

/**
 * What there was when the group first looked, kept in the lake: what came into being later, while the stream ran or while it
 * did not, has no message that was there before the stream, and begins at its beginning even with `--from latest`.
 */
export async function firstLook(
  admin: Admin,
  store: Store,
  cluster: string,
  group: string
): Promise<Looked> {
  const name = createHash('sha256').update(`${cluster} ${group}`).digest('hex').slice(0, 16)
  const path = `${OWN}/owners/looks/${name}.json`
  const known = await readJson<FirstLook>(store, path)
  if (known) return new Map(Object.entries(known.topics))
  const topics = Object.fromEntries(await partitionsOf(admin))
  const look: FirstLook = { cluster, group, since: new Date().toISOString(), topics }
  try {
    await store.create(path, jsonBytes(look))
  } catch (error) {
    if (!isTaken(error)) throw error // else another member was quicker
    return firstLook(admin, store, cluster, group)
  }
  return new Map(Object.entries(topics))
}

async function partitionsOf(admin: Admin): Promise<[string, number][]> {
  const topics = await admin.listTopics()
  if (topics.length === 0) return []
  const { topics: known } = await admin.metadata({ topics, forceUpdate: true })
  return [...known].map(([topic, { partitionsCount }]) => [topic, partitionsCount])
}

export function isYounger({ topic, partition }: Partition, looked: Looked): boolean {
  return partition >= (looked.get(topic) ?? 0)
}
