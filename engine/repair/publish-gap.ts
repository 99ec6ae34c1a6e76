import type { Plan } from '../enrich/plan.ts'
import { rangeName } from '../lake/ledger.ts'
import type { PartRecord } from '../lake/ledger.ts'
import { lakeId, lakeIdentity } from '../lake/owners.ts'
import type { Store } from '../store/store.ts'
import { FinkFormat } from '../publish/fink.ts'
import type { SelectedMessage } from '../publish/kafka.ts'
import { messageFormat } from '../publish/message.ts'
import { CommittedReader } from '../kafka/committed-reader.ts'
import { clientOptions, openAdmin } from '../kafka/client.ts'
import { claimOutput } from '../stream/claims/claim-output.ts'
import { cutBySize, producedOf } from '../stream/commit/publisher.ts'
import { openFraming } from '../stream/commit/schema.ts'
import type { Framing } from '../stream/commit/schema.ts'
import { schemaTopic } from '../kafka/schema-topic.ts'
import type { OutputSettings } from '../stream/common/settings.ts'
import type { KafkaAccess } from '../kafka/settings.ts'
import { createCompacted, leastLimit } from '../kafka/topics.ts'
import { makeTopics } from '../stream/common/topics.ts'
import type { OutputTopics } from '../stream/common/topics.ts'
import type { MessageLimits } from '../sinks/sinks.ts'
import { listTopics } from '../kafka/topic-list.ts'
import { TransactionalProducer } from '../kafka/clients.ts'

/** The compacted topic that says which refilled gaps of which lakes were published, and by which attempt. */
const MARKS_TOPIC = 'siskin-repairs'
const CLIENT = 'siskin-repair-publisher'
const TRANSACTION_MS = 120_000
const NO_PRODUCER = { producerId: -1n, producerEpoch: -1 }

type PartName = Pick<PartRecord, 'source' | 'first' | 'last'>

/** Which refilled gaps were published. */
export interface GapMarks {
  /** The attempt that was; null: none. */
  publishedAs(part: PartName): string | null
}

const keyOf = (lake: string, { source, first, last }: PartName) =>
  `${lake} ${source} ${rangeName(first, last)}`

export async function readMarks(access: KafkaAccess, store: Store): Promise<GapMarks> {
  const admin = openAdmin(access, CLIENT)
  const isThere = (await listTopics(admin)).includes(MARKS_TOPIC)
  await admin.close()
  const lake = await lakeId(store)
  const marks = new Map<string, string>()
  if (isThere) await readInto(marks, access)
  return { publishedAs: (part) => marks.get(keyOf(lake, part)) ?? null }
}

async function readInto(marks: Map<string, string>, access: KafkaAccess): Promise<void> {
  const reader = new CommittedReader(access, CLIENT, [MARKS_TOPIC])
  try {
    const spans = await reader.spans([MARKS_TOPIC])
    const places = spans.map(({ topic, partition, first, stableEnd }) => {
      return { topic, partition, offset: first, end: stableEnd }
    })
    for await (const { messages } of reader.read(places)) {
      for (const { key, value } of messages) if (key && value) marks.set(String(key), String(value))
    }
  } finally {
    await reader.close()
  }
}

export interface PublisherPlaces {
  readonly access: KafkaAccess
  readonly group: string
  readonly store: Store
  readonly output: OutputSettings
  readonly topics: OutputTopics
  readonly plan: Plan
}

/**
 * Brings the selected alerts of a refilled gap into the stream's topics, in one transaction with a mark
 * that names the part: so it is done once, whatever is killed and run again.
 */
export class GapPublisher {
  readonly limits: MessageLimits
  readonly #producer: TransactionalProducer
  readonly #framing: Framing
  readonly #output: OutputSettings
  readonly #maxBytes: number
  readonly #lake: string

  private constructor(
    producer: TransactionalProducer,
    framing: Framing,
    output: OutputSettings,
    limits: MessageLimits,
    lake: string
  ) {
    this.#producer = producer
    this.#framing = framing
    this.#output = output
    this.#maxBytes = Math.min(limits.maxBytes, limits.fink?.maxBytes ?? limits.maxBytes)
    this.#lake = lake
    this.limits = limits
  }

  /** Ends what a former repair of this lake left open. @throws UsageError when the topics are another stream's. */
  static async open(places: PublisherPlaces): Promise<GapPublisher> {
    const { access, group, store, output, topics, plan } = places
    const { own, fink } = topics
    const identity = await lakeIdentity(store)
    const { id } = identity
    const admin = openAdmin(access, CLIENT)
    try {
      const me = { group, ...identity }
      await claimOutput(admin, access, me, [...own, ...fink], { takeOver: false, output })
      await makeTopics(admin, topics, output)
      await createCompacted(admin, MARKS_TOPIC, output.replication)
      const format = new FinkFormat(plan.columns)
      const limits = {
        maxBytes: await leastLimit(admin, own),
        fink: fink.length > 0 ? { format, maxBytes: await leastLimit(admin, fink) } : null
      }
      const topic = schemaTopic(output.prefix)
      const schemas = { access, clientId: CLIENT, topic, store, registry: output.registry }
      const framing = await openFraming(schemas, own, messageFormat(plan.columns))
      const producer = new TransactionalProducer({
        ...clientOptions(access, CLIENT),
        transactionalId: `${CLIENT}-${id}`,
        timeout: TRANSACTION_MS,
        idempotent: true,
        compression: 'zstd'
      })
      const opened = await producer.beginTransaction(NO_PRODUCER)
      await opened.cancel()
      return new GapPublisher(producer, framing, output, limits, id)
    } finally {
      await admin.close()
    }
  }

  /** Messages and the mark, together or not at all. */
  async publish(record: PartRecord, messages: readonly SelectedMessage[]): Promise<void> {
    const transaction = await this.#producer.begin()
    try {
      for (const chunk of cutBySize(messages, this.#maxBytes)) {
        const produced = chunk.map((message) =>
          producedOf(message, this.#framing, this.#output.prefix, this.#output.finkPrefix ?? '')
        )
        await transaction.send({ messages: produced })
      }
      const key = Buffer.from(keyOf(this.#lake, record))
      const value = Buffer.from(record.attempt)
      await transaction.send({ messages: [{ topic: MARKS_TOPIC, key, value }] })
    } catch (error) {
      await this.#producer.giveUp(transaction).catch(() => {}) // nothing of it counts without its end
      throw error
    }
    await transaction.commit()
  }

  async close(): Promise<void> {
    await this.#producer.close(true)
  }
}
