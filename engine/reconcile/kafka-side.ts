import type { Admin } from '@platformatic/kafka'
import { setTimeout as delay } from 'node:timers/promises'
import { CommittedReader } from '../kafka/committed-reader.ts'
import type { PartitionSpan } from '../kafka/committed-reader.ts'
import { openAdmin } from '../kafka/client.ts'
import { stablePositions } from '../kafka/positions.ts'
import type { KafkaAccess } from '../kafka/settings.ts'
import { listTopics } from '../kafka/topic-list.ts'

const CLIENT = 'siskin-verify'
const TOPIC_RESOURCE = 2
const ASK_AGAIN_MS = 500
/** Longer than a transaction stays open whose producer died. */
const OPEN_MS = 75_000

/** What a verification asks Kafka for. */
export class KafkaSide {
  readonly #access: KafkaAccess
  readonly #group: string
  readonly #admin: Admin
  readonly #readers: CommittedReader[] = []

  constructor(access: KafkaAccess, group: string) {
    this.#access = access
    this.#group = group
    this.#admin = openAdmin(access, CLIENT)
  }

  topics(): Promise<string[]> {
    return listTopics(this.#admin)
  }

  /** Members that the group has now. */
  async members(): Promise<number> {
    const groups = await this.#admin.describeGroups({ groups: [this.#group] })
    return groups.get(this.#group)?.members.size ?? 0
  }

  /** Positions of the group in all its partitions, by source. */
  positions(): Promise<Map<string, number>> {
    return stablePositions(this.#admin, this.#group, [], new AbortController().signal)
  }

  /** How long each topic keeps its messages, in ms. */
  async retention(topics: readonly string[]): Promise<Map<string, number>> {
    if (topics.length === 0) return new Map()
    const described = await this.#admin.describeConfigs({
      resources: topics.map((topic) => ({
        resourceType: TOPIC_RESOURCE,
        resourceName: topic,
        configurationKeys: ['retention.ms']
      }))
    })
    return new Map(
      described.map(({ resourceName, configs }) => {
        const retention = Number(configs[0]?.value ?? -1)
        return [resourceName, retention < 0 ? Number.POSITIVE_INFINITY : retention]
      })
    )
  }

  reader(topics: readonly string[]): CommittedReader {
    const reader = new CommittedReader(this.#access, CLIENT, topics)
    this.#readers.push(reader)
    return reader
  }

  /**
   * Where partitions begin and end, once no transaction is open any more of those that are now: what
   * was committed before is to be seen. Gives up on one that stays open and says where it is.
   */
  async stableSpans(
    reader: CommittedReader,
    topics: readonly string[],
    onWait: (open: PartitionSpan) => void
  ): Promise<{ spans: PartitionSpan[]; stuck: PartitionSpan | null }> {
    const asked = await reader.spans(topics)
    const since = performance.now()
    for (let now = asked; ; now = await reader.spans(topics)) {
      const open = now.find(({ stableEnd }, i) => stableEnd < (asked[i]?.end ?? 0)) ?? null
      if (!open || performance.now() - since > OPEN_MS) return { spans: now, stuck: open }
      onWait(open)
      await delay(ASK_AGAIN_MS)
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#readers.map((reader) => reader.close().catch(() => {})))
    await this.#admin.close().catch(() => {})
  }
}
