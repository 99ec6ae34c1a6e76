import { setTimeout as delay } from 'node:timers/promises'
import { amount } from '../amount.ts'
import { attemptsAt } from '../lake/two-phase-commit.ts'
import { lastSpan } from '../lake/ledger.ts'
import type { PartRecord } from '../lake/ledger.ts'
import type { Store } from '../store/store.ts'
import type { PartitionSpan } from '../kafka/committed-reader.ts'
import { partitionOf, sourceOf } from '../kafka/partition.ts'
import type { KafkaAccess } from '../kafka/settings.ts'
import { Book } from './book.ts'
import type { Parts } from './expected.ts'
import { checkInput, countWaiting } from './input.ts'
import { KafkaSide } from './kafka-side.ts'
import { noPosition, sourceState, tellSource } from './positions.ts'
import type { SourceState } from './positions.ts'
import { addCounts, tell, TopicCheck } from './topic.ts'
import type { Counts, Missing, Stray, TopicFindings } from './topic.ts'

export interface ReconcileOptions {
  readonly access: KafkaAccess
  readonly group: string
  readonly store: Store
  /** Goes before the names of the topics for subscribers. */
  readonly prefix: string
  /** Before those in Fink's form; null: they are not looked at. */
  readonly finkPrefix: string | null
  /** How long a topic that is not there any more kept its messages. */
  readonly retentionDays: number
  /** Reads the input too, as far as Kafka still has it. */
  readonly deep: boolean
  readonly onProgress: (text: string) => void
}

/** The lake held against Kafka. */
export interface KafkaVerdict {
  readonly group: string
  /** Members that the group has now: the lake is being filled. */
  readonly members: number
  readonly sources: readonly SourceState[]
  readonly topics: readonly TopicVerdict[]
  /** Messages of all topics by `survey/night`. */
  readonly nights: Readonly<Record<string, Counts>>
  readonly differences: readonly string[]
}

export interface TopicVerdict {
  readonly topic: string
  readonly nights: Readonly<Record<string, Counts>>
  readonly missing: readonly Missing[]
  readonly strays: readonly Stray[]
}

interface Known {
  readonly members: number
  readonly positions: ReadonlyMap<string, number>
  readonly topics: ReadonlySet<string>
  readonly retention: ReadonlyMap<string, number>
}

const DAY_MS = 24 * 3600 * 1000
const PLACED_MS = 20_000
const ASK_AGAIN_MS = 500

/**
 * Holds a lake against Kafka while both may be moving. The group's positions are asked for when it is
 * opened, then the records of the ledger are taken one by one, then `finish` reads the topics: what
 * lands meanwhile is no difference.
 */
export class Reconciler {
  readonly #options: ReconcileOptions
  readonly #kafka: KafkaSide
  readonly #known: Known
  readonly #book: Book

  private constructor(options: ReconcileOptions, kafka: KafkaSide, known: Known) {
    this.#options = options
    this.#kafka = kafka
    this.#known = known
    const { prefix, finkPrefix, retentionDays } = options
    const retentionOf = (topic: string) => known.retention.get(topic) ?? retentionDays * DAY_MS
    this.#book = new Book({ prefix, finkPrefix, retentionOf })
  }

  static async open(options: ReconcileOptions): Promise<Reconciler> {
    const kafka = new KafkaSide(options.access, options.group)
    try {
      const topics = await kafka.topics()
      const own = topics.filter(
        (topic) =>
          topic.startsWith(options.prefix) || topic.startsWith(options.finkPrefix ?? options.prefix)
      )
      return new Reconciler(options, kafka, {
        members: await kafka.members(),
        positions: await kafka.positions(),
        topics: new Set(topics),
        retention: await kafka.retention(own)
      })
    } catch (error) {
      await kafka.close()
      throw error
    }
  }

  /** Someone is at work on the lake. */
  get isLive(): boolean {
    return this.#known.members > 0
  }

  take(record: PartRecord): void {
    this.#book.take(record)
  }

  /** What the input has of offsets that no part covers, in words. */
  async gap(source: string, first: number, last: number): Promise<string> {
    const { topic, partition } = partitionOf(source)
    if (!this.#known.topics.has(topic)) return `Kafka has no topic ${topic} any more`
    const reader = this.#kafka.reader([topic])
    const span = (await reader.spans([topic])).find((own) => own.partition === partition)
    const from = Math.max(first, span?.first ?? 0)
    const end = Math.min(last + 1, span?.stableEnd ?? 0)
    const there: number[] = []
    for await (const { messages } of reader.read([{ topic, partition, offset: from, end }])) {
      there.push(...messages.map(({ offset }) => offset))
    }
    if (there.length > 0) {
      return `Kafka still has ${amount(there.length, 'message')} of them, from ${there[0]} to ${there.at(-1)}`
    }
    return from > first ? 'Kafka has deleted its messages' : 'Kafka has no message there'
  }

  async finish(): Promise<KafkaVerdict> {
    const differences: string[] = []
    const sources = await this.#checkSources(differences)
    const { group } = this.#options
    if (sources.length > 0 && sources.every((source) => source.group === null)) {
      const { members } = this.#known
      return { group, members, sources, topics: [], nights: {}, differences: [noPosition(group)] }
    }
    const topics: TopicVerdict[] = []
    const nights: Record<string, Counts> = {}
    const newer = new Map<string, number>()
    for (const topic of this.#book.topics) {
      const found = await this.#checkTopic(topic, differences, newer)
      topics.push(found)
      for (const [night, counts] of Object.entries(found.nights)) addCounts(nights, night, counts)
    }
    await this.#checkNewer(newer, differences)
    return { group, members: this.#known.members, sources, topics, nights, differences }
  }

  async #checkSources(differences: string[]): Promise<SourceState[]> {
    const { group, store } = this.#options
    const inputs = await this.#inputs()
    const states: SourceState[] = []
    const now = await this.#kafka.positions()
    for (const [source, parts] of [...this.#book.parts].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const before = this.#known.positions.get(source) ?? now.get(source) ?? null
      const input = inputs.get(source) ?? null
      const lake = await this.#lakeEnd(source, parts, before)
      const waiting = await this.#waiting(input, now.get(source) ?? before)
      const state = sourceState(
        { source, parts: parts.count, lake, input, waiting },
        before,
        now.get(source)
      )
      const isStaged = state.state === 'group-ahead' && (await stagedAt(store, source, lake))
      differences.push(...tellSource(state, input, group, isStaged))
      states.push(state)
      if (input && this.#options.deep) await this.#checkInput(input, parts, differences)
    }
    return states
  }

  async #waiting(input: PartitionSpan | null, group: number | null): Promise<number | null> {
    if (!input || group === null) return null
    if (group >= input.stableEnd) return 0
    return countWaiting(this.#kafka.reader([input.topic]), input, group)
  }

  async #inputs(): Promise<Map<string, PartitionSpan>> {
    const topics = [...this.#book.parts.keys()].map((source) => partitionOf(source).topic)
    const there = [...new Set(topics)].filter((topic) => this.#known.topics.has(topic))
    if (there.length === 0) return new Map()
    const spans = await this.#kafka.reader(there).spans(there)
    return new Map(spans.map((span) => [sourceOf(span), span]))
  }

  async #checkInput(input: PartitionSpan, parts: Parts, differences: string[]): Promise<void> {
    const { topic, partition } = input
    this.#options.onProgress(`reading the input ${topic}-${partition}`)
    await checkInput(this.#kafka.reader([topic]), input, parts.sorted, differences)
  }

  /** Where someone is at work, a part that is committed may be in the ledger a little later. */
  async #lakeEnd(source: string, parts: Parts, position: number | null): Promise<number> {
    let { end } = parts
    const since = performance.now()
    while (this.isLive && end < (position ?? 0) && performance.now() - since < PLACED_MS) {
      await delay(ASK_AGAIN_MS)
      end = Math.max(end, ((await lastSpan(this.#options.store, source))?.last ?? -1) + 1)
    }
    return end
  }

  async #checkTopic(
    topic: string,
    differences: string[],
    newer: Map<string, number>
  ): Promise<TopicVerdict> {
    const book = this.#book.topic(topic)
    const check = new TopicCheck({ ...book, parts: this.#book.parts })
    for (const [night, count] of book.old) check.old(night, count)
    if (this.#known.topics.has(topic)) {
      this.#options.onProgress(`reading topic ${topic}`)
      const reader = this.#kafka.reader([topic])
      const placeOf = ({ partition, stableEnd }: PartitionSpan) =>
        `${topic}-${partition}@${stableEnd}`
      const { spans, stuck } = await this.#kafka.stableSpans(reader, [topic], (open) => {
        this.#options.onProgress(`waiting for the transaction that is open at ${placeOf(open)}`)
      })
      if (stuck) {
        differences.push(
          `topic ${topic}: a transaction stays open at ${placeOf(stuck)}: what lies behind it cannot be read yet`
        )
      }
      await check.read(reader, spans)
    }
    const findings = await this.#withoutNew(check.findings())
    this.#book.close(topic)
    differences.push(...tell(topic, findings, this.#known.topics.has(topic)))
    for (const [source, offset] of findings.newer) {
      newer.set(source, Math.max(offset, newer.get(source) ?? 0))
    }
    const { nights, missing, strays } = findings
    return { topic, nights, missing, strays }
  }

  /** A source of which the ledger had nothing when it was read, and has by now, is one whose first part has just landed. */
  async #withoutNew(findings: TopicFindings): Promise<TopicFindings> {
    const newer = new Map(findings.newer)
    const landed = new Map<string, boolean>()
    const strays: Stray[] = []
    for (const stray of findings.strays) {
      const [source = '', offset = ''] =
        stray.why === 'unknown-source' ? stray.source!.split('@') : []
      if (source !== '' && !landed.has(source)) {
        landed.set(source, await this.#hasLanded(source))
      }
      if (landed.get(source))
        newer.set(source, Math.max(Number.parseInt(offset, 10), newer.get(source) ?? 0))
      else strays.push(stray)
    }
    return { ...findings, newer, strays }
  }

  /** Where someone is at work, the first part may be in the ledger a little later than its messages are in topics. */
  async #hasLanded(source: string): Promise<boolean> {
    const since = performance.now()
    for (;;) {
      if ((await lastSpan(this.#options.store, source)) !== null) return true
      if (!this.isLive || performance.now() - since >= PLACED_MS) return false
      await delay(ASK_AGAIN_MS)
    }
  }

  /** Messages of parts that the ledger did not have yet: by now the group has committed them. */
  async #checkNewer(newer: ReadonlyMap<string, number>, differences: string[]): Promise<void> {
    if (newer.size === 0) return
    const positions = await this.#kafka.positions()
    for (const [source, offset] of newer) {
      const position = positions.get(source) ?? 0
      if (offset < position) continue
      differences.push(
        `topics hold messages for ${source} up to offset ${offset}, but the lake ends at ${this.#book.parts.get(source)?.end} and the group goes on at ${position}: another group publishes under the same prefix, or it was set back`
      )
    }
  }

  async close(): Promise<void> {
    await this.#kafka.close()
  }
}

/** A part that begins there lies staged, whole. */
async function stagedAt(store: Store, source: string, first: number): Promise<boolean> {
  const attempts = await attemptsAt(store, source)
  return attempts.some((attempt) => attempt.hasRecord && attempt.first === first)
}
