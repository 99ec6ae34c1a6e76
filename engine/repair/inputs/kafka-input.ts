import type { Admin } from '@platformatic/kafka'
import type { PositionSpan } from '../../lake/ledger.ts'
import type { TopicOwner } from '../../lake/owners.ts'
import { readJson } from '../../store/replace-file.ts'
import type { SelectedMessage } from '../../publish/kafka.ts'
import type { Store } from '../../store/store.ts'
import { OWN } from '../../lake/ledger.ts'
import { CommittedReader } from '../../kafka/committed-reader.ts'
import type { CommittedMessage } from '../../kafka/committed-reader.ts'
import { stablePositions } from '../../kafka/positions.ts'
import { openAdmin } from '../../kafka/client.ts'
import { partitionOf } from '../../kafka/partition.ts'
import { markOf } from '../../stream/commit/same-log.ts'
import type { Fetched } from '../../stream/member/range.ts'
import type { KafkaAccess } from '../../kafka/settings.ts'
import { listTopics } from '../../kafka/topic-list.ts'

const CLIENT = 'siskin-repair'
const PART_MESSAGES = 1000
const PART_BYTES = 40 * 1024 * 1024

/** What Kafka has of positions of a source. */
export interface InputSpan {
  /** Those before it are deleted. */
  readonly first: number
  readonly stableEnd: number
}

/** What is in Kafka's topics of positions of a source. */
export interface Published {
  /** `<topic> <source>@<place>` */
  readonly there: ReadonlySet<string>
  /** Topics that have lost messages by age: what is not there may have been. */
  readonly aged: ReadonlySet<string>
}

/** Topics that selected alerts go to. */
interface Outputs {
  readonly prefix: string
  /** Of those in Fink's form; null: the stream has none. */
  readonly finkPrefix: string | null
  /** Full names, of both forms. */
  readonly topics: readonly string[]
}

/** What a repair asks Kafka for. */
export class KafkaInput {
  readonly access: KafkaAccess
  readonly group: string
  readonly #store: Store
  readonly #admin: Admin
  readonly #readers = new Map<string, CommittedReader>()

  readonly #outputs: Outputs

  constructor(access: KafkaAccess, group: string, store: Store, outputs: Outputs) {
    this.#outputs = outputs
    this.access = access
    this.group = group
    this.#store = store
    this.#admin = openAdmin(access, CLIENT)
  }

  /** The stream's messages are in Fink's form too. */
  get hasFink(): boolean {
    return this.#outputs.finkPrefix !== null
  }

  /** The full name of the topic that a message belongs into. */
  topicOf({ topic, schema }: Pick<SelectedMessage, 'topic' | 'schema'>): string {
    const { prefix, finkPrefix } = this.#outputs
    return (schema ? (finkPrefix ?? '') : prefix) + topic
  }

  /** Members that the group has now. */
  async members(): Promise<number> {
    const groups = await this.#admin.describeGroups({ groups: [this.group] })
    return groups.get(this.group)?.members.size ?? 0
  }

  /** The group's positions, by source; none that an open transaction can change. */
  positions(): Promise<Map<string, number>> {
    return stablePositions(this.#admin, this.group, [], new AbortController().signal)
  }

  /** Null where there is no such partition, or its topic is not the one that the lake was filled from. */
  async span(source: string): Promise<InputSpan | null> {
    const { topic, partition } = partitionOf(source)
    if (topic === '' || !Number.isInteger(partition)) return null
    if (!(await listTopics(this.#admin)).includes(topic)) return null
    const { topics, id } = await this.#admin.metadata({ topics: [topic], forceUpdate: true })
    const owner = await readJson<TopicOwner>(this.#store, `${OWN}/owners/topics/${topic}.json`)
    const isSame = owner?.cluster === id && owner.topicId === topics.get(topic)?.id
    if (owner && !isSame) return null
    const spans = await this.#reader(topic).spans([topic])
    return spans.find((own) => own.partition === partition) ?? null
  }

  /**
   * The messages of positions as parts are made of them, the last reaching to the end of the positions. What Kafka has
   * deleted of them is `lost`.
   */
  async *portions(
    source: string,
    { first, last }: PositionSpan,
    begins: boolean
  ): AsyncGenerator<Fetched, void> {
    let from = first
    let lost = 0
    let waiting: CommittedMessage[] = []
    let bytes = 0
    const cut = (end: number) => {
      const fetched = fetchedOf(
        source,
        waiting,
        { first: from, last: end },
        lost,
        begins && from === first
      )
      from = end + 1
      lost = bytes = 0
      waiting = []
      return fetched
    }
    const { topic, partition } = partitionOf(source)
    const place = { topic, partition, offset: first, end: last + 1 }
    for await (const { messages, expired } of this.#reader(topic).read([place])) {
      lost += expired
      for (const message of messages) {
        waiting.push(message)
        bytes += message.value?.length ?? 0
        const isFull = waiting.length >= PART_MESSAGES || bytes >= PART_BYTES
        if (isFull && message.offset < last) yield cut(message.offset)
      }
    }
    if (from <= last) yield cut(last)
  }

  /** Which alerts of these positions are in the topics already: what moved the group's position behind them published them too. */
  async published(source: string, { first, last }: PositionSpan): Promise<Published> {
    const found = new Set<string>()
    const aged = new Set<string>()
    const there = new Set(await listTopics(this.#admin))
    for (const topic of this.#outputs.topics.filter((name) => there.has(name))) {
      const reader = this.#reader(topic)
      const places = (await reader.spans([topic])).map((span) => {
        if (span.first > 0) aged.add(topic)
        return { topic, partition: span.partition, offset: span.first, end: span.stableEnd }
      })
      for await (const { messages } of reader.read(places)) {
        for (const { headers } of messages) {
          const name = String(headers.get('source') ?? '')
          const at = name.lastIndexOf('@')
          const offset = Number.parseInt(name.slice(at + 1), 10)
          if (name.slice(0, at) !== source || offset < first || offset > last) continue
          found.add(`${topic} ${name}`)
        }
      }
    }
    return { there: found, aged }
  }

  #reader(topic: string): CommittedReader {
    const reader = this.#readers.get(topic) ?? new CommittedReader(this.access, CLIENT, [topic])
    this.#readers.set(topic, reader)
    return reader
  }

  async close(): Promise<void> {
    for (const reader of this.#readers.values()) await reader.close().catch(() => {})
    await this.#admin.close().catch(() => {})
  }
}

function fetchedOf(
  source: string,
  messages: readonly CommittedMessage[],
  { first, last }: PositionSpan,
  lost: number,
  begins: boolean
): Fetched {
  const newest = messages.at(-1)
  const isThere = newest?.offset === last // else it ends in what is no message
  const values = messages.map(({ value }) => value ?? Buffer.alloc(0))
  const length = values.reduce((sum, value) => sum + value.length, 0)
  const bytes = new SharedArrayBuffer(Math.max(1, length))
  let at = 0
  for (const value of values) {
    new Uint8Array(bytes).set(value, at)
    at += value.length
  }
  return {
    source,
    first,
    last,
    bytes,
    length,
    offsets: Float64Array.from(messages, ({ offset }) => offset),
    sizes: Uint32Array.from(values, ({ length: size }) => size),
    lost,
    begins,
    generation: 0,
    ...(newest && isThere && { tail: markOf(newest) }),
    poison: null
  }
}
