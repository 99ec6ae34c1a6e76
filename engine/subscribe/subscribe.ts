import { crc32 } from 'node:zlib'
import { messageOf } from '../errors.ts'
import { alertIdOf, Decoder } from './alert.ts'
import type { Alert } from './alert.ts'
import type { MessageBatch, Feed } from './feed.ts'

/** Where alerts go: printed, saved, handed to a command. */
export interface Sink {
  take(alerts: readonly Alert[]): Promise<void>
  /** All that it took is printed, durable, or handed over; only then it counts as read. */
  readonly isFlushed: boolean
  /** Flushes what it holds. */
  close(): Promise<void>
}

export interface SubscribeOptions {
  readonly feed: Feed
  readonly sinks: readonly Sink[]
  /** Stop after so many alerts; null: never. */
  readonly limit: number | null
  /** Most alerts that are dealt with before what was read is kept in mind. */
  readonly atOnce: number
  readonly stop: AbortSignal
  /** A message that is foreign, empty or does not decode; it is passed over. */
  readonly onUnreadable: (message: string) => void
}

export interface SubscribeAccount {
  alerts: number
  unreadable: number
  /** Messages that came before, of alerts whose copies a lake let through: not handed on. */
  copies: number
  readonly topics: Record<string, number>
}

/**
 * Reads a feed into sinks until it ends, the limit is reached, or `stop` comes. What was read is kept in
 * mind after the sinks have flushed, so an alert may come twice, and none is missed.
 */
export async function subscribe(options: SubscribeOptions): Promise<SubscribeAccount> {
  const { feed, sinks, limit, stop } = options
  const account: SubscribeAccount = { alerts: 0, unreadable: 0, copies: 0, topics: {} }
  const decoder = new Decoder()
  const lately = new Lately()
  let pending: (() => Promise<void>)[] = []
  const flush = async () => {
    if (!sinks.every(({ isFlushed }) => isFlushed)) return
    const commits = pending
    pending = []
    for (const commit of commits) await commit()
  }
  const left = () => (limit === null ? Number.POSITIVE_INFINITY : limit - account.alerts)
  while (left() > 0) {
    const batch = await feed.next(stop)
    if (!batch) break
    for (const [from, to] of slices(batch, options.atOnce, left())) {
      if (stop.aborted) break
      const decoded = decodeAll(decoder, batch.messages.slice(from, to), account, options)
      const alerts = decoded.filter((alert) => lately.isNew(alert))
      account.copies += decoded.length - alerts.length
      for (const sink of sinks) await sink.take(alerts)
      for (const { message } of alerts) {
        account.alerts++
        account.topics[message.topic] = (account.topics[message.topic] ?? 0) + 1
      }
      pending.push(() => batch.commit(to))
      await flush()
    }
  }
  for (const sink of sinks) await sink.close()
  await flush()
  return account
}

/** Messages that are remembered before the older half is let go. */
const MOST = 50_000

/** Tells messages that came lately, byte for byte. */
class Lately {
  #young = new Set<string>()
  #old = new Set<string>()

  isNew(alert: Alert): boolean {
    const { topic, datum } = alert.message
    const key = `${topic} ${alertIdOf(alert)} ${crc32(datum)}`
    if (this.#young.has(key) || this.#old.has(key)) return false
    this.#young.add(key)
    if (this.#young.size >= MOST) {
      this.#old = this.#young
      this.#young = new Set()
    }
    return true
  }
}

function slices({ messages }: MessageBatch, atOnce: number, limit: number): [number, number][] {
  const end = Math.min(messages.length, limit)
  const cuts: [number, number][] = []
  for (let from = 0; from < end; from += atOnce) cuts.push([from, Math.min(end, from + atOnce)])
  return cuts
}

function decodeAll(
  decoder: Decoder,
  messages: MessageBatch['messages'],
  account: SubscribeAccount,
  { onUnreadable }: SubscribeOptions
): Alert[] {
  return messages.flatMap((message) => {
    try {
      if (message.fault !== undefined) throw new Error(message.fault)
      return [decoder.decode(message)]
    } catch (error) {
      account.unreadable++
      onUnreadable(`${message.place} is passed over: ${messageOf(error)}`)
      return []
    }
  })
}
