import { amount } from '../amount.ts'
import { layPlaces, readPlace } from '../lake/files/places.ts'
import type { InputPlace } from '../lake/files/places.ts'
import type { CommittedMessage, CommittedReader, PartitionSpan } from '../kafka/committed-reader.ts'
import type { TopicBook } from './book.ts'
import { placeOf } from './expected.ts'
import type { Expected, Parts } from './expected.ts'

/** Messages of a night in a topic, by what became of them. */
export interface Counts {
  /** What the ledger says was selected. */
  selected: number
  found: number
  /** Not there any more, as their time was over or someone had them deleted. */
  expired: number
  missing: number
  doubled: number
}

/** A message that should not be where it is. */
export interface Stray {
  /** `<topic>-<partition>@<offset>`: where it lies. */
  readonly at: string
  /** `<topic>-<partition>@<offset>`: the input packet it names; null if it names none. */
  readonly source: string | null
  readonly why: 'doubled' | 'no-source' | 'unknown-source' | 'no-part' | 'not-selected'
}

export interface Missing {
  readonly source: string
  readonly night: string
  /** Input offsets, ascending: `17 20-25`. */
  readonly offsets: string
}

export interface TopicFindings {
  readonly nights: Readonly<Record<string, Counts>>
  readonly missing: readonly Missing[]
  readonly strays: readonly Stray[]
  /** Strays beyond those named. */
  readonly more: number
  /** Messages of parts that came after the ledger was read. */
  readonly newer: ReadonlyMap<string, number>
}

interface TopicLedger extends Omit<TopicBook, 'old'> {
  readonly parts: ReadonlyMap<string, Parts>
}

/** Adds to what is known of a night. */
export function addCounts(to: Record<string, Counts>, night: string, from: Counts): void {
  const sum = (to[night] ??= { selected: 0, found: 0, expired: 0, missing: 0, doubled: 0 })
  for (const key of Object.keys(sum) as (keyof Counts)[]) sum[key] += from[key]
}

const MOST_STRAYS = 10_000
const SOURCE = /^(.+)@(\d+(?:\+\d+)?)$/

/** Holds what a topic has against what the ledger says was put in. */
export class TopicCheck {
  readonly #ledger: TopicLedger
  readonly #nights = new Map<string, Counts>()
  readonly #strays: Stray[] = []
  #more = 0
  /** By source, the highest offset that is behind the parts of the ledger. */
  readonly #newer = new Map<string, number>()
  /** Partitions of which something is deleted: what is the first that is left. */
  readonly #cut = new Map<number, { time: number; readonly first: Map<string, number> }>()

  constructor(ledger: TopicLedger) {
    this.#ledger = ledger
  }

  /** Messages of a part that is too old to be looked for one by one. */
  old(night: string, count: number): void {
    const counts = this.#of(night)
    counts.selected += count
    counts.expired += count
  }

  /** Reads the topic to where it was stable when `spans` was asked for. */
  async read(reader: CommittedReader, spans: readonly PartitionSpan[]): Promise<void> {
    for (const { partition, first } of spans) {
      if (first > 0) this.#cut.set(partition, { time: Number.POSITIVE_INFINITY, first: new Map() })
    }
    const places = spans.map(({ topic, partition, first, stableEnd }) => {
      return { topic, partition, offset: first, end: stableEnd }
    })
    for await (const { partition, messages, expired } of reader.read(places)) {
      if (expired > 0 && !this.#cut.has(partition)) {
        this.#cut.set(partition, { time: Number.POSITIVE_INFINITY, first: new Map() })
      }
      for (const message of messages) this.#take(message)
    }
  }

  #take(message: CommittedMessage): void {
    const { topic, partition, offset, timestamp, headers } = message
    if (headers.has('history')) return // selected of history anew: no part of the stream counts it
    const text = headers.get('source')?.toString() ?? null
    const [, source = '', word = ''] = SOURCE.exec(text ?? '') ?? []
    const place = readPlace(word)
    const cut = this.#cut.get(partition)
    if (cut) cut.time = Math.min(cut.time, timestamp)
    if (cut && place && !cut.first.has(source)) cut.first.set(source, place.offset)
    const why = place ? this.#account(message, source, place) : 'no-source'
    if (why === null) return
    if (this.#strays.length >= MOST_STRAYS) this.#more++
    else this.#strays.push({ at: `${topic}-${partition}@${offset}`, source: text, why })
  }

  /** Null for a message that is where it should be, once. */
  #account(message: CommittedMessage, source: string, place: InputPlace): Stray['why'] | null {
    const { parts, expected, forgotten } = this.#ledger
    const own = parts.get(source)
    if (!own) return 'unknown-source'
    if (place.offset >= own.end) {
      this.#newer.set(source, Math.max(place.offset, this.#newer.get(source) ?? 0))
      return null
    }
    const part = own.holding(place.offset)
    if (!part) return 'no-part'
    const noted = expected.note(source, part.first, place)
    if (!noted) {
      if (part.started >= forgotten) return 'not-selected'
      const { headers } = message
      const counts = this.#of(`${String(headers.get('survey'))}/${String(headers.get('night'))}`)
      counts.found++
      counts.expired--
      return null
    }
    const counts = this.#of(noted.night)
    if (noted.before === 0) counts.found++
    else counts.doubled++
    return noted.before === 0 ? null : 'doubled'
  }

  #of(night: string): Counts {
    let counts = this.#nights.get(night)
    if (!counts) {
      counts = { selected: 0, found: 0, expired: 0, missing: 0, doubled: 0 }
      this.#nights.set(night, counts)
    }
    return counts
  }

  findings(): TopicFindings {
    const missing: Missing[] = []
    for (const expected of this.#ledger.expected.all()) {
      const counts = this.#of(expected.night)
      counts.selected += expected.codes.length
      const lost: InputPlace[] = []
      for (const [i, code] of expected.codes.entries()) {
        if (expected.seen[i]! > 0) continue
        const place = placeOf(code)
        if (this.#mayHaveExpired(expected, place)) counts.expired++
        else lost.push(place)
      }
      counts.missing += lost.length
      if (lost.length === 0) continue
      const { source, night } = expected
      missing.push({ source, night, offsets: layPlaces(lost) })
    }
    return {
      nights: Object.fromEntries([...this.#nights].sort(([a], [b]) => (a < b ? -1 : 1))),
      missing,
      strays: this.#strays,
      more: this.#more,
      newer: this.#newer
    }
  }

  /**
   * Which partition a message that is gone lay in is not known. It is not expired if it is younger
   * than what is left in every partition that was cut: by its time, or by its place in the source,
   * whose messages lie in a partition in their order.
   */
  #mayHaveExpired({ source, started }: Expected, { offset }: InputPlace): boolean {
    if (started < this.#ledger.horizon) return true
    for (const { time, first } of this.#cut.values()) {
      const left = first.get(source) ?? Number.POSITIVE_INFINITY
      if (started <= time && offset <= left) return true
    }
    return false
  }
}

const REASONS: Record<Exclude<Stray['why'], 'doubled'>, string> = {
  'no-source': 'not published by siskin, no header names an input packet',
  'unknown-source': 'of a source that the lake does not know',
  'no-part': 'of input offsets that are in no part',
  'not-selected': 'of alerts that the ledger does not call selected'
}

const NAMED = 20

/** The differences of a topic, in words. */
export function tell(
  topic: string,
  { missing, strays, more }: TopicFindings,
  isThere: boolean
): string[] {
  const where = isThere ? `topic ${topic}` : `topic ${topic}, which is not in Kafka`
  const lost = missing.map(
    ({ source, night, offsets }) =>
      `${where}: the alerts of ${source} at offset ${offsets} are missing (${night})`
  )
  const doubled = strays
    .filter(({ why }) => why === 'doubled')
    .map(({ at, source }) => `topic ${topic}: the alert of ${source} is in it again at ${at}`)
  const foreign = [...Map.groupBy(strays, ({ why }) => why)].flatMap(([why, own]) => {
    if (why === 'doubled') return []
    const named = own.slice(0, NAMED).map(({ at, source }) => (source ? `${at} (${source})` : at))
    const rest = own.length > NAMED ? ` and ${own.length - NAMED} more` : ''
    const messages = amount(own.length, 'message')
    return [`topic ${topic}: ${messages} ${REASONS[why]}: ${named.join(', ')}${rest}`]
  })
  const unnamed =
    more > 0 ? [`topic ${topic}: ${amount(more, 'message')} more that should not be there`] : []
  return [...lost, ...doubled, ...foreign, ...unnamed]
}
