import type { PartRecord } from '../lake/ledger.ts'
import { readPlaces } from '../lake/files/places.ts'
import type { InputPlace } from '../lake/files/places.ts'

/** What the ledger says that one part put into one topic for one night. */
export interface Expected {
  readonly source: string
  /** First offset of the part. */
  readonly first: number
  /** `survey/night` */
  readonly night: string
  /** When the part was begun, in ms: its messages are younger. */
  readonly started: number
  /** Places in the source as single numbers, ascending (see `codeOf`). */
  readonly codes: Float64Array
  /** How often each of them was met in the topic; 255 is 255 or more. */
  readonly seen: Uint8Array
}

const PACKETS_A_MESSAGE = 4096

/** A place as one number that sorts as the places do. */
function codeOf({ offset, nth }: InputPlace): number {
  return offset * PACKETS_A_MESSAGE + Math.min(nth, PACKETS_A_MESSAGE - 1)
}

export function placeOf(code: number): InputPlace {
  const nth = code % PACKETS_A_MESSAGE
  return { offset: (code - nth) / PACKETS_A_MESSAGE, nth }
}

/** One part of a source. */
export interface PartSpan {
  readonly first: number
  readonly last: number
  readonly messages: number
  /** When it was begun, in ms. */
  readonly started: number
}

/** The parts of a source. */
export class Parts {
  readonly #spans: PartSpan[] = []
  #isSorted = true

  add({ first, last, started, stream }: PartRecord): void {
    this.#isSorted &&= (this.#spans.at(-1)?.last ?? -1) < first
    const messages = stream?.messages ?? 0
    this.#spans.push({ first, last, messages, started: Date.parse(started) })
  }

  /** By their offsets. */
  get sorted(): readonly PartSpan[] {
    if (!this.#isSorted) this.#spans.sort((a, b) => a.first - b.first)
    this.#isSorted = true
    return this.#spans
  }

  /** The offset behind all parts. */
  get end(): number {
    return (this.sorted.at(-1)?.last ?? -1) + 1
  }

  get count(): number {
    return this.#spans.length
  }

  /** The part that holds an offset, by its first. */
  holding(offset: number): PartSpan | null {
    const spans = this.sorted
    let low = 0
    let high = spans.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (spans[middle]!.first <= offset) low = middle + 1
      else high = middle
    }
    const span = spans[low - 1]
    return span && span.last >= offset ? span : null
  }
}

/** All that should be in one topic: eight bytes a message, by source and part. */
export class TopicExpectations {
  readonly #bySource = new Map<string, Map<number, Expected[]>>()

  add(record: PartRecord, night: string, text: string): void {
    const { source, first, started } = record
    const places = readPlaces(text)
    const codes = Float64Array.from(places, ({ offset, nth }) =>
      codeOf({ offset: first + offset, nth })
    )
    const seen = new Uint8Array(codes.length)
    const parts = this.#bySource.get(source) ?? new Map<number, Expected[]>()
    const own = parts.get(first) ?? []
    own.push({ source, first, night, started: Date.parse(started), codes, seen })
    parts.set(first, own)
    this.#bySource.set(source, parts)
  }

  /** Notes a message; null if the part did not choose that packet, else how often it was seen before. */
  note(source: string, first: number, place: InputPlace): { before: number; night: string } | null {
    const code = codeOf(place)
    for (const { codes, seen, night } of this.#bySource.get(source)?.get(first) ?? []) {
      const at = indexOf(codes, code)
      if (at < 0) continue
      const before = seen[at]!
      seen[at] = Math.min(255, before + 1)
      return { before, night }
    }
    return null
  }

  *all(): Generator<Expected> {
    for (const parts of this.#bySource.values()) for (const own of parts.values()) yield* own
  }
}

function indexOf(sorted: Float64Array, value: number): number {
  let low = 0
  let high = sorted.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    if (sorted[middle] === value) return middle
    if (sorted[middle]! < value) low = middle + 1
    else high = middle - 1
  }
  return -1
}
