import { setTimeout as delay } from 'node:timers/promises'
import { askInTime } from '../stream/check.ts'
import { explain, openAdmin } from '../kafka/client.ts'
import type { Rhythm } from './rhythm.ts'
import { Sender } from './sender.ts'
import type { Addressed, SenderOptions } from './sender.ts'
import { listTopics } from '../kafka/topic-list.ts'

export interface ReplayOptions extends SenderOptions {
  /** Some packets at a time, in order. */
  readonly packets: AsyncGenerator<readonly Addressed[]>
  readonly rhythm: Rhythm
  readonly signal: AbortSignal
  readonly onProgress: (account: ReplayAccount) => void
  readonly onSkipped: (place: string, reason: string) => void
}

/** What was sent. */
export interface ReplayAccount {
  readonly sent: number
  readonly bytes: number
  /** Since the first message. */
  readonly seconds: number
  /** Messages a second. */
  readonly rate: number
  /** Messages by topic. */
  readonly topics: Readonly<Record<string, number>>
  /** It was stopped before the end. */
  readonly interrupted: boolean
}

/** Packets that are taken together: what has been taken is sent before a signal is heard. */
const MOST_AT_ONCE = 2000

/**
 * Publishes packets to Kafka in their rhythm; one that is late is sent as soon as Kafka takes it.
 * @throws SiskinError if Kafka does not answer, or what the packets throw.
 */
export async function replay(options: ReplayOptions): Promise<ReplayAccount> {
  const { kafka, packets, signal, onSkipped } = options
  await askInTime(kafka, listTopics)
  const admin = openAdmin(kafka, 'siskin-replay-admin')
  const sender = new Sender(admin, options)
  const tally = new Tally()
  const ahead = new Ahead(packets)
  try {
    for (;;) {
      const due = await waitForDue(options, sender, tally, ahead)
      if (due.length === 0) break
      const sent = await sender.send(due).catch((error: unknown) => {
        throw explain(kafka, error)
      })
      const packets = ahead.take(sent.count)
      tally.took(packets, sent.isRefused)
      if (sent.isRefused) for (const packet of packets) onSkipped(packet.place, tooLarge(packet))
      options.onProgress(tally.account(signal.aborted))
    }
    return tally.account(signal.aborted)
  } finally {
    await ahead.close()
    await sender.close().catch(() => {})
    await admin.close().catch(() => {})
  }
}

/** The packets that are due, at least one; none at the end, or when it is to stop. */
async function waitForDue(
  { rhythm, signal, onProgress }: ReplayOptions,
  sender: Sender,
  tally: Tally,
  ahead: Ahead
): Promise<readonly Addressed[]> {
  for (;;) {
    const there = await ahead.look()
    if (there.length === 0 || signal.aborted) return []
    await sender.prepare(there[0]!.topic) // before the clock starts
    const now = tally.start()
    const due = rhythm.due(now) - tally.taken
    if (due > 0) return there.slice(0, Math.min(due, MOST_AT_ONCE))
    const wait = Math.min(500, Math.max(1, (rhythm.next - now) * 1000))
    await delay(wait, null, { signal }).catch(() => {})
    onProgress(tally.account(signal.aborted))
  }
}

function tooLarge({ topic, value }: Addressed): string {
  return `its ${value.length} bytes are more than topic ${topic} takes`
}

class Tally {
  #started = 0
  #bytes = 0
  #taken = 0
  #sent = 0
  readonly #topics: Record<string, number> = {}

  /** Seconds since it was first asked. */
  start(): number {
    this.#started ||= performance.now()
    return (performance.now() - this.#started) / 1000
  }

  /** Packets that had their turn. */
  get taken(): number {
    return this.#taken
  }

  took(packets: readonly Addressed[], isRefused: boolean): void {
    this.#taken += packets.length
    if (isRefused) return
    for (const { topic, value } of packets) {
      this.#sent++
      this.#bytes += value.length
      this.#topics[topic] = (this.#topics[topic] ?? 0) + 1
    }
  }

  account(interrupted: boolean): ReplayAccount {
    const seconds = this.#started ? (performance.now() - this.#started) / 1000 : 0
    return {
      sent: this.#sent,
      bytes: this.#bytes,
      seconds,
      rate: seconds > 0 ? this.#sent / seconds : 0,
      topics: this.#topics,
      interrupted
    }
  }
}

/** Packets on hand, while the next are being read. */
class Ahead {
  readonly #packets: AsyncGenerator<readonly Addressed[]>
  #there: readonly Addressed[] = []
  #next: Promise<IteratorResult<readonly Addressed[]>>

  constructor(packets: AsyncGenerator<readonly Addressed[]>) {
    this.#packets = packets
    this.#next = this.#read()
  }

  #read(): Promise<IteratorResult<readonly Addressed[]>> {
    const next = this.#packets.next()
    next.catch(() => {}) // heard of when it is waited for
    return next
  }

  /** The packets on hand; none at the end. @throws what broke the reading. */
  async look(): Promise<readonly Addressed[]> {
    while (this.#there.length === 0) {
      const { done, value } = await this.#next
      if (done) break
      this.#there = value
      this.#next = this.#read()
    }
    return this.#there
  }

  take(count: number): readonly Addressed[] {
    const taken = this.#there.slice(0, count)
    this.#there = this.#there.slice(count)
    return taken
  }

  async close(): Promise<void> {
    await this.#packets.return(null).catch(() => {})
  }
}
