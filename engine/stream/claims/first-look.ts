import { createHash } from 'node:crypto'
import type { Admin } from '@platformatic/kafka'
import { OWN } from '../../lake/ledger.ts'
import { jsonBytes, readJson } from '../../store/replace-file.ts'
import { isTaken } from '../../store/errors.ts'
import type { Store } from '../../store/store.ts'
import type { Partition } from '../../kafka/partition.ts'
import { describeTopics, listTopics } from '../../kafka/topic-list.ts'

/** What there was in a Kafka when a group first looked, to fill this lake. */
interface FirstLook {
  readonly cluster: string
  readonly group: string
  readonly since: string
  /** Partitions of every topic. */
  readonly topics: Readonly<Record<string, number>>
}

/** What a group saw when it first looked. */
export interface Looked {
  /** ms since 1970 */
  readonly since: number
  /** Partitions by topic. */
  readonly partitions: ReadonlyMap<string, number>
}

/**
 * What there was when the group first looked, and when, kept in the lake. What came into view later, while the stream ran or while it
 * did not, is asked for from that time on even with `--from latest`: see `takeover.ts`.
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
  if (known) return lookedOf(known)
  const topics = Object.fromEntries(await partitionsOf(admin))
  const look: FirstLook = { cluster, group, since: new Date().toISOString(), topics }
  try {
    await store.create(path, jsonBytes(look))
  } catch (error) {
    if (!isTaken(error)) throw error // else another member was quicker
    return firstLook(admin, store, cluster, group)
  }
  return lookedOf(look)
}

function lookedOf({ since, topics }: FirstLook): Looked {
  return { since: Date.parse(since), partitions: new Map(Object.entries(topics)) }
}

async function partitionsOf(admin: Admin): Promise<[string, number][]> {
  const names = await listTopics(admin)
  if (names.length === 0) return []
  const { topics } = await describeTopics(admin, names)
  return [...topics].map(([topic, { partitions }]) => [topic, partitions])
}

export function isYounger({ topic, partition }: Partition, { partitions }: Looked): boolean {
  return partition >= (partitions.get(topic) ?? 0)
}
