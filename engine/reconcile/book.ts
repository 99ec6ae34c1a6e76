import type { FilterAccount, PartRecord } from '../lake/ledger.ts'
import { countPlaces } from '../lake/files/places.ts'
import { finkTopic } from '../publish/kafka.ts'
import { Parts, TopicExpectations } from './expected.ts'

/** What the ledger says of a topic. */
export interface TopicBook {
  readonly expected: TopicExpectations
  /** Messages, by night, of parts too old to be looked for one by one. */
  readonly old: Map<string, number>
  /** Messages of parts begun before this (ms) may have expired. */
  readonly horizon: number
  /** Parts begun before this are in `old`: a day more than a message can be younger than its part. */
  readonly forgotten: number
}

export interface BookOptions {
  /** Of the topics of parts that do not say where their messages went. */
  readonly prefix: string
  readonly finkPrefix: string | null
  /** For how long a topic keeps its messages, in ms. */
  readonly retentionOf: (topic: string) => number
}

const DAY_MS = 24 * 3600 * 1000

/** What the ledger says of parts from Kafka: offsets by source, messages by topic. */
export class Book {
  readonly parts = new Map<string, Parts>()
  readonly #topics = new Map<string, TopicBook>()
  readonly #options: BookOptions
  readonly #now = Date.now()

  constructor(options: BookOptions) {
    this.#options = options
  }

  get topics(): string[] {
    return [...this.#topics.keys()].sort()
  }

  take(record: PartRecord): void {
    const { source, stream, filters, files } = record
    if (!stream) return
    const parts = this.parts.get(source) ?? new Parts()
    this.parts.set(source, parts)
    parts.add(record)
    if (files.some(({ kind }) => kind === 'topic')) return // its messages are files of the lake
    for (const [name, account] of Object.entries(filters)) this.#expect(record, name, account)
  }

  #expect(record: PartRecord, filter: string, { topic, selected = {} }: FilterAccount): void {
    const { prefix, finkPrefix } = this.#options
    const book = this.topic((record.stream?.prefix ?? prefix) + topic)
    for (const [night, text] of Object.entries(selected)) {
      enter(book, record, night, text)
      if (finkPrefix === null || !record.stream?.fink) continue
      const survey = night.startsWith('lsst/') ? 'lsst' : 'ztf'
      const own = this.topic(finkPrefix + finkTopic({ name: filter }, survey))
      enter(own, record, night, text)
    }
  }

  topic(name: string): TopicBook {
    let book = this.#topics.get(name)
    if (!book) {
      const horizon = this.#now - this.#options.retentionOf(name)
      const expected = new TopicExpectations()
      book = { expected, old: new Map(), horizon, forgotten: horizon - DAY_MS }
      this.#topics.set(name, book)
    }
    return book
  }

  /** Its memory is not needed any more. */
  close(topic: string): void {
    this.#topics.delete(topic)
  }
}

function enter(book: TopicBook, record: PartRecord, night: string, text: string): void {
  if (Date.parse(record.started) >= book.forgotten) book.expected.add(record, night, text)
  else book.old.set(night, (book.old.get(night) ?? 0) + countPlaces(text))
}
