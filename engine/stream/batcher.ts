import type { Message, MessagesStream } from '@platformatic/kafka'
import { sourceOf } from './group.ts'
import type { Bounds } from './bounds.ts'
import type { Start } from './positions.ts'
import type { Fetched } from './range.ts'
import type { Trigger } from './settings.ts'

/** What one partition gives to a micro-batch. */
export interface Portion {
  readonly fetched: Fetched
  /** It carries the membership under which it was fetched: its offset is what is committed. */
  readonly lastMessage: Message
}

/** One micro-batch: a portion of each partition that had messages. */
export type MicroBatch = readonly Portion[]

/**
 * Collects messages until a micro-batch is full: rows, bytes or seconds since its first message,
 * whichever comes first. Reading stops while two batches are waiting.
 */
export class Batcher {
  readonly #stream: MessagesStream<Buffer, Buffer, Buffer, Buffer>
  readonly #trigger: Trigger
  readonly #generation: number
  readonly #bounds: Bounds
  /** Next offset of each source. */
  readonly #next = new Map<string, { offset: number; begins: boolean }>()
  #waiting: Message[] = []
  #bytes = 0
  #since = 0
  #wake: () => void = () => {}
  #failure: Error | null = null

  constructor(
    stream: MessagesStream<Buffer, Buffer, Buffer, Buffer>,
    trigger: Trigger,
    starts: readonly Start[],
    generation: number,
    bounds: Bounds
  ) {
    this.#stream = stream
    this.#trigger = trigger
    this.#generation = generation
    this.#bounds = bounds
    for (const { source, offset, begins } of starts) this.#next.set(source, { offset, begins })
    stream.on('data', (message) => this.#take(message))
    stream.on('error', (error) => {
      this.#failure ??= error
      this.#wake()
    })
  }

  /** Messages that are here and not in a batch yet. */
  get waiting(): number {
    return this.#waiting.length
  }

  #take(message: Message): void {
    if (this.#waiting.length === 0) this.#since = performance.now()
    this.#waiting.push(message)
    this.#bytes += message.value?.length ?? 0
    const { rows, bytes } = this.#trigger
    if (this.#waiting.length >= 2 * rows || this.#bytes >= 2 * bytes) this.#stream.pause()
    if (this.#full) this.#wake()
  }

  get #full(): boolean {
    const { rows, bytes } = this.#trigger
    return this.#waiting.length >= rows || this.#bytes >= bytes
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
    const chosen = new Map<string, Message[]>()
    const left: Message[] = []
    let count = 0
    let size = 0
    for (const message of this.#waiting) {
      const source = sourceOf(message)
      const last = this.#bounds.lastOf(source, this.#next.get(source)?.offset ?? 0)
      const room = count < rows && (count === 0 || size < bytes)
      const own = chosen.get(source) ?? []
      if (!room || (own.length > 0 && Number(message.offset) > last)) {
        left.push(message)
        continue
      }
      chosen.set(source, own)
      own.push(message)
      count++
      size += message.value?.length ?? 0
    }
    this.#waiting = left
    this.#bytes -= size
    this.#since = performance.now()
    this.#stream.resume()
    return [...chosen].map(([source, messages]) => this.#portion(source, messages))
  }

  #portion(source: string, messages: readonly Message[]): Portion {
    const lastMessage = messages.at(-1)!
    const sizes = Uint32Array.from(messages, ({ value }) => value?.length ?? 0)
    const bytes = new SharedArrayBuffer(sizes.reduce((sum, size) => sum + size, 0))
    const target = new Uint8Array(bytes)
    let at = 0
    for (const { value } of messages) {
      if (!value) continue
      target.set(value, at)
      at += value.length
    }
    const { offset: first, begins } = this.#next.get(source) ?? { offset: 0, begins: false }
    const last = Number(lastMessage.offset)
    this.#next.set(source, { offset: last + 1, begins: false })
    const fetched: Fetched = {
      source,
      first,
      last,
      bytes,
      offsets: Float64Array.from(messages, ({ offset }) => Number(offset)),
      sizes,
      begins,
      generation: this.#generation,
      poison: messages.length === 1 && this.#bounds.isPoison(source, first, last)
    }
    return { fetched, lastMessage }
  }
}
