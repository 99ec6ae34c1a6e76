import { collectBuffers } from '../../making/collector.ts'
import type { Bounds } from '../common/bounds.ts'
import type { Chunk, CommittedMessage } from '../../kafka/committed-reader.ts'
import { sourceOf } from '../../kafka/partition.ts'
import type { Partition } from '../../kafka/partition.ts'
import { Pool } from './pool.ts'
import type { PartitionStart } from '../commit/takeover.ts'
import type { Fetched } from './range.ts'
import { markOf } from '../commit/same-log.ts'
import type { Trigger } from '../common/settings.ts'

/** What one partition gives to a micro-batch. */
export interface Portion extends Partition {
  readonly fetched: Fetched
  /** Time stamps of its messages, ms since 1970. */
  readonly times: Float64Array
}

/** One micro-batch: a portion of each partition that had messages. */
export type MicroBatch = readonly Portion[]

/**
 * Collects messages until a micro-batch is full: rows, bytes or seconds since its first message,
 * whichever comes first. Reading stops while a full one is waiting.
 */
export class Batcher {
  readonly #trigger: Trigger
  readonly #generation: number
  readonly #bounds: Bounds
  readonly #onExpired: (source: string, from: number, to: number) => void
  readonly #pool = new Pool()
  /** Next offset of each source. */
  readonly #next = new Map<string, { offset: number; begins: boolean }>()
  /** Offsets of each source that Kafka had deleted, from and to, and that are in no portion yet. */
  readonly #lost = new Map<string, [from: number, to: number][]>()
  /** Where each source is read on. */
  readonly #reading = new Map<string, number>()
  #waiting: CommittedMessage[] = []
  #bytes = 0
  #since = 0
  #wake: () => void = () => {}
  #goOn: () => void = () => {}
  #isClosed = false
  #failure: unknown = null

  constructor(
    trigger: Trigger,
    starts: readonly PartitionStart[],
    generation: number,
    bounds: Bounds,
    /** Kafka deleted messages before they were read. */
    onExpired: (source: string, from: number, to: number) => void
  ) {
    this.#trigger = trigger
    this.#generation = generation
    this.#bounds = bounds
    this.#onExpired = onExpired
    for (const { source, offset, begins } of starts) {
      this.#next.set(source, { offset, begins })
      this.#reading.set(source, offset)
    }
  }

  /** Messages that are here and not in a batch yet. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** The offset that the next portion of a source begins at. */
  nextOf(source: string): number {
    return this.#next.get(source)?.offset ?? 0
  }

  /** The offset that a source is read from next. */
  readingOf(source: string): number {
    return this.#reading.get(source) ?? 0
  }

  /** Takes in what is read, as long as there is room; what breaks the reading breaks `next`. */
  async fill(chunks: AsyncIterable<Chunk>): Promise<void> {
    try {
      for await (const chunk of chunks) {
        this.#take(chunk)
        while (!this.#isClosed && this.#full) {
          await new Promise<void>((resolve) => (this.#goOn = resolve))
        }
        if (this.#isClosed) return
      }
    } catch (error) {
      this.#failure ??= error
      this.#wake()
    }
  }

  close(): void {
    this.#isClosed = true
    this.#goOn()
  }

  #take(chunk: Chunk): void {
    const source = sourceOf(chunk)
    if (chunk.expired > 0) {
      const from = chunk.next - chunk.expired
      this.#lost.set(source, [...(this.#lost.get(source) ?? []), [from, chunk.next - 1]])
      this.#onExpired(source, from, chunk.next - 1)
    }
    this.#reading.set(source, chunk.next)
    if (this.#waiting.length === 0) this.#since = performance.now()
    for (const message of chunk.messages) {
      this.#waiting.push(message)
      this.#bytes += message.value?.length ?? 0
    }
    collectBuffers()
    if (this.#full) this.#wake()
  }

  get #full(): boolean {
    const { rows, bytes } = this.#trigger
    return this.#waiting.length >= rows || this.#bytes >= bytes
  }

  /** The parts of a micro-batch are made: its memory serves the next. */
  reuse(batch: MicroBatch): void {
    for (const { fetched } of batch) this.#pool.give(fetched.bytes)
  }

  /** The next micro-batch; null when `signal` comes first. @throws what broke the reading. */
  async next(signal: AbortSignal): Promise<MicroBatch | null> {
    const wake = () => this.#wake()
    signal.addEventListener('abort', wake, { once: true })
    try {
      for (;;) {
        if (this.#failure) throw this.#failure
        if (signal.aborted) return null
        const left = this.#since + this.#trigger.seconds * 1000 - performance.now()
        if (this.#waiting.length > 0 && (this.#full || left <= 0)) return this.#cut()
        await this.#sleep(this.#waiting.length > 0 ? left : this.#trigger.seconds * 1000)
      }
    } finally {
      signal.removeEventListener('abort', wake)
    }
  }

  async #sleep(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.max(1, ms))
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#wake = () => {}
  }

  #cut(): MicroBatch {
    const { rows, bytes } = this.#trigger
    const chosen: [string, CommittedMessage[]][] = []
    const left: CommittedMessage[] = []
    let count = 0
    let size = 0
    for (const [source, own] of Map.groupBy(this.#waiting, sourceOf)) {
      const fitting = this.#fitting(source, own, rows - count, bytes - size)
      // What would be split waits for the next micro-batch: a few large parts cost less than many.
      const isLate = fitting.length < own.length && (count > rows / 2 || size > bytes / 2)
      const taken = isLate ? [] : fitting
      if (taken.length > 0) chosen.push([source, taken])
      for (let i = taken.length; i < own.length; i++) left.push(own[i]!)
      count += taken.length
      size += bytesOf(taken)
    }
    this.#waiting = left
    this.#bytes -= size
    this.#since = performance.now()
    this.#goOn()
    return chosen.map(([source, messages]) => this.#portion(source, messages))
  }

  /** How many of a source's messages there is room for, up to where a part may reach. */
  #fitting(
    source: string,
    own: readonly CommittedMessage[],
    rows: number,
    bytes: number
  ): CommittedMessage[] {
    const last = this.#bounds.lastOf(source, this.nextOf(source))
    let size = 0
    const end = own.findIndex(({ offset, value }, i) => {
      const isFull = i >= rows || size >= bytes || (i > 0 && offset > last)
      size += value?.length ?? 0
      return isFull
    })
    return end < 0 ? [...own] : own.slice(0, end)
  }

  /** Offsets before `last` that were deleted, each told once. */
  #takeLost(source: string, last: number): number {
    const all = this.#lost.get(source)
    if (!all) return 0
    this.#lost.set(
      source,
      all.filter(([from]) => from > last)
    )
    return all.reduce((sum, [from, to]) => (from > last ? sum : sum + to - from + 1), 0)
  }

  #portion(source: string, messages: readonly CommittedMessage[]): Portion {
    const { topic, partition, offset: last } = messages.at(-1)!
    const sizes = Uint32Array.from(messages, ({ value }) => value?.length ?? 0)
    const length = bytesOf(messages)
    const bytes = this.#pool.take(length)
    const target = new Uint8Array(bytes)
    let at = 0
    for (const { value } of messages) {
      if (!value) continue
      target.set(value, at)
      at += value.length
    }
    const { offset: first, begins } = this.#next.get(source) ?? { offset: 0, begins: false }
    this.#next.set(source, { offset: last + 1, begins: false })
    const fetched: Fetched = {
      source,
      first,
      last,
      bytes,
      length,
      offsets: Float64Array.from(messages, ({ offset }) => offset),
      sizes,
      lost: this.#takeLost(source, last),
      begins,
      generation: this.#generation,
      tail: markOf(messages.at(-1)!),
      poison: messages.length === 1 ? this.#bounds.poisonOf(source, first, last) : null
    }
    const times = Float64Array.from(messages, ({ timestamp }) => timestamp)
    return { topic, partition, fetched, times }
  }
}

function bytesOf(messages: readonly CommittedMessage[]): number {
  return messages.reduce((sum, { value }) => sum + (value?.length ?? 0), 0)
}
