import type { SelectedMessage } from '../../engine/publish/kafka.ts'
import type { Position } from '../../engine/stream/commit/coordination.ts'
import { sourceOf } from '../../engine/kafka/partition.ts'
import type { Partition } from '../../engine/kafka/partition.ts'

/** A transaction of a producer, from its first call on. */
export interface Transaction {
  readonly producer: string
  readonly offsets: { source: string; next: number; life: number }[]
  readonly messages: SelectedMessage[]
  state: 'open' | 'committed' | 'aborted'
  /** The coordinator has decided, and the group has heard of it. */
  isComplete: boolean
}

export interface InputTopic {
  id: string
  /** Offset behind the last message, by partition. */
  ends: number[]
}

/** Who asks in the name of which generation. */
export interface Membership {
  readonly memberId: string
  readonly generation: number
}

/** As Kafka says that the generation is over. */
export class IllegalGeneration extends Error {}

/** Topics, transactions and the positions of one group as Kafka's brokers keep them; no time passes within a call. */
export class MemoryBroker {
  readonly topics = new Map<string, InputTopic>()
  readonly transactions: Transaction[] = []
  readonly #epochs = new Map<string, number>()
  readonly positions = new Map<string, number>()
  /** How often the group was begun anew. */
  life = 1
  generation = 0
  /** The partitions of each member of the generation. */
  readonly members = new Map<string, Partition[]>()

  /** The transaction of a producer that is not over yet. */
  #current(producer: string): Transaction | null {
    return this.transactions.find((one) => one.producer === producer && !one.isComplete) ?? null
  }

  #open(producer: string, epoch: number): Transaction {
    if (this.#epochs.get(producer) !== epoch) throw new Error('PRODUCER_FENCED')
    const current = this.#current(producer)
    if (current?.state !== 'open') throw new Error('INVALID_TXN_STATE')
    return current
  }

  /** No transaction of the producer is being completed: until then it is asked to come again. */
  isFree(producer: string): boolean {
    const state = this.#current(producer)?.state
    return state === undefined || state === 'open'
  }

  /** Who has the producer's name from now on; what its former owner left open is aborted. */
  initProducer(producer: string): number {
    this.#abort(producer)
    const epoch = (this.#epochs.get(producer) ?? 0) + 1
    this.#epochs.set(producer, epoch)
    return epoch
  }

  /** A transaction that is open for too long. */
  timeOut({ producer }: Transaction): void {
    this.#abort(producer)
    this.#epochs.set(producer, (this.#epochs.get(producer) ?? 0) + 1)
  }

  #abort(producer: string): void {
    const left = this.#current(producer)
    if (left?.state === 'open') left.state = 'aborted'
  }

  begin(producer: string, epoch: number): void {
    if (this.#epochs.get(producer) !== epoch) throw new Error('PRODUCER_FENCED')
    if (this.#current(producer)) return
    const fresh = { producer, offsets: [], messages: [], state: 'open', isComplete: false } as const
    this.transactions.push({ ...fresh, offsets: [], messages: [] })
  }

  /** TxnOffsetCommit: looks at the generation now, and at nothing when the transaction ends. */
  addOffset(producer: string, epoch: number, position: Position, who: Membership): void {
    const { generation, memberId } = who
    if (!this.members.has(memberId)) throw new IllegalGeneration('UNKNOWN_MEMBER_ID')
    if (generation !== this.generation) throw new IllegalGeneration('ILLEGAL_GENERATION')
    if (!this.topics.has(position.topic)) throw new Error('UNKNOWN_TOPIC_OR_PARTITION')
    const { life } = this
    const offset = { source: sourceOf(position), next: position.next, life }
    this.#open(producer, epoch).offsets.push(offset)
  }

  send(producer: string, epoch: number, messages: readonly SelectedMessage[]): void {
    this.#open(producer, epoch).messages.push(...messages)
  }

  /** EndTxn: answered when it is decided, which is before the group has heard of it. */
  end(producer: string, epoch: number, commits: boolean): void {
    this.#open(producer, epoch).state = commits ? 'committed' : 'aborted'
  }

  /** The markers arrive at the group. */
  complete(transaction: Transaction): void {
    transaction.isComplete = true
    if (transaction.state !== 'committed') return
    for (const { source, next, life } of transaction.offsets) {
      if (life === this.life) this.positions.set(source, next)
    }
  }

  /** What a reader of committed messages finds. */
  isInTopics(source: string): boolean {
    return this.transactions.some(
      ({ state, isComplete, messages }) =>
        state === 'committed' && isComplete && messages.some((own) => own.source === source)
    )
  }

  /** A transaction that is not over holds a position of it. */
  isUnstable(source: string): boolean {
    return this.transactions.some(
      ({ isComplete, offsets }) =>
        !isComplete && offsets.some((own) => own.source === source && own.life === this.life)
    )
  }

  /** All its members are gone, and its positions with it; one of its name begins with generation 1. */
  deleteGroup(): void {
    this.members.clear()
    this.positions.clear()
    this.generation = 0
    this.life++
  }

  /** Under its old name, with other messages; Kafka forgets the group's positions of it. */
  makeTopicAnew(topic: string, ends: number[]): void {
    const old = this.topics.get(topic)
    this.topics.set(topic, { id: `${old?.id ?? topic}+`, ends })
    for (const partition of old?.ends.keys() ?? []) {
      this.positions.delete(sourceOf({ topic, partition }))
    }
    for (const { offsets } of this.transactions) {
      for (const own of offsets) if (own.source.startsWith(`${topic}-`)) own.life = 0
    }
  }
}
