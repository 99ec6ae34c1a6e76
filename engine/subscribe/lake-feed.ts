import { setTimeout as delay } from 'node:timers/promises'
import { eachBlock } from '../container.ts'
import { avroType } from '../avro-type.ts'
import { readHeader } from '../consume/container.ts'
import { messageOf, SiskinError } from '../errors.ts'
import { readLedger } from '../persist/ledger.ts'
import type { Store } from '../persist/store.ts'
import { dateOf } from '../table/time.ts'
import type { Bookmarks } from './bookmarks.ts'
import type { Batch, Feed, Incoming, LagRow, Start } from './feed.ts'

export interface LakeFeedOptions {
  readonly store: Store
  readonly topics: readonly string[]
  readonly bookmarks: Bookmarks
  readonly from: Start
  /** Wait for new files; else stop when there is none. */
  readonly follow: boolean
}

const MJD_UNIX = 40_587
const DAY_MS = 86_400_000
const LOOK_MS = 1000
/** A NameNode has others to answer too. */
const REMOTE_LOOK_MS = 10_000

interface TopicFile {
  readonly topic: string
  readonly path: string
}

/** Reads the topic files of a lake, night after night, a file at a time. */
export class LakeFeed implements Feed {
  readonly #options: LakeFeedOptions
  readonly #lookMs: number
  /** Files that were queued. */
  readonly #seen = new Set<string>()
  readonly #queue: TopicFile[] = []
  #isListed = false

  private constructor(options: LakeFeedOptions) {
    this.#options = options
    this.#lookMs = options.store.root.includes('://') ? REMOTE_LOOK_MS : LOOK_MS
  }

  /** @throws SiskinError for a topic that the lake does not have. */
  static async open(options: LakeFeedOptions): Promise<LakeFeed> {
    const { store, topics, bookmarks, from } = options
    await checkTopics(store, topics)
    for (const topic of topics) {
      if (from === 'committed') continue
      const since = typeof from === 'number' ? from / DAY_MS + MJD_UNIX : null
      const { files } = bookmarks.forget(topic, since)
      if (from !== 'latest') continue
      for (const path of await filesOf(store, topic)) files[path] = true
    }
    await bookmarks.save() // before anything is shown that could not be kept in mind
    return new LakeFeed(options)
  }

  async next(stop: AbortSignal): Promise<Batch | null> {
    const { bookmarks, follow } = this.#options
    while (!stop.aborted) {
      const file = this.#queue.shift()
      const batch = file && (await this.#read(file))
      if (batch) return batch
      if (file) continue
      if (!this.#isListed) {
        await this.#list()
        continue
      }
      await bookmarks.save()
      if (!follow) return null
      await delay(this.#lookMs, null, { signal: stop }).catch(() => {})
      this.#isListed = false
    }
    return null
  }

  /** Queues the files that were not there before. */
  async #list(): Promise<void> {
    const { store, topics } = this.#options
    for (const topic of topics) {
      for (const path of await filesOf(store, topic)) {
        if (!this.#seen.has(path)) this.#queue.push({ topic, path })
        this.#seen.add(path)
      }
    }
    this.#isListed = true
  }

  /** What is unread of a file; null if that is nothing. */
  async #read({ topic, path }: TopicFile): Promise<Batch | null> {
    const { bookmarks, store } = this.#options
    const marks = bookmarks.of(topic)
    const read = marks.files[path] ?? 0
    if (read === true) return null
    if (marks.since !== null && nightOf(path) < dateOf(marks.since - 1)) {
      marks.files[path] = true
      return null
    }
    const all = messagesOf(topic, path, await store.read(path))
    const isWanted = wanting(all[0]?.schema ?? '', marks.since)
    const places = all.flatMap((message, i) => (i >= read && isWanted(message) ? [i] : []))
    if (places.length === 0) {
      marks.files[path] = true
      return null
    }
    return {
      messages: places.map((i) => all[i]!),
      commit: async (count) => {
        if (count === 0) return
        marks.files[path] = count === places.length ? true : places[count - 1]! + 1
        await bookmarks.save()
      }
    }
  }

  async close(): Promise<void> {}
}

/** True for alerts as young as `since`, and for those that do not say their time. */
function wanting(schema: string, since: number | null): (message: Incoming) => boolean {
  if (since === null || schema === '') return () => true
  const type = avroType(schema)
  return ({ datum }) => {
    const { mjd } = type.fromBuffer(Buffer.from(datum)) as { mjd?: number | null }
    return (mjd ?? since) >= since
  }
}

async function filesOf(store: Store, topic: string): Promise<string[]> {
  const files = await store.list(`topics/${topic}`)
  return files.map(({ path }) => path).filter((path) => path.endsWith('.avro'))
}

function nightOf(path: string): number {
  return Number(/night=(\d{8})/.exec(path)?.[1] ?? 0)
}

function messagesOf(topic: string, path: string, bytes: Uint8Array): Incoming[] {
  try {
    const header = readHeader(bytes, 0, bytes.length)
    if (!header) throw new Error('it ends in its header')
    const schema = Buffer.from(header.schema).toString()
    const messages: Incoming[] = []
    eachBlock(bytes, (count, start, end) => {
      if (count !== 1) throw new Error('a block holds more than one message')
      const place = `${path}, message ${messages.length}`
      messages.push({ topic, place, schema, datum: bytes.subarray(start, end) })
    })
    return messages
  } catch (error) {
    throw new SiskinError(`${path}: ${messageOf(error)}: no topic file of Siskin's`)
  }
}

async function checkTopics(store: Store, topics: readonly string[]): Promise<void> {
  const files = await store.list('topics')
  const there = new Set(files.map(({ path }) => path.split('/')[1] ?? ''))
  if (topics.every((topic) => there.has(topic))) return
  for (const { filters } of await readLedger(store)) {
    for (const { topic } of Object.values(filters)) there.add(topic) // nothing was selected yet
  }
  const missing = topics.find((topic) => !there.has(topic))
  if (missing === undefined) return
  const known = [...there].sort().join(', ')
  throw new SiskinError(
    `no topic "${missing}" in the lake ${store.root}; there are: ${known || 'none: is it a lake?'}`
  )
}

/** How far a group is with the topics of a lake, by night. */
export async function lakeLag(
  store: Store,
  topics: readonly string[],
  bookmarks: Bookmarks
): Promise<LagRow[]> {
  await checkTopics(store, topics)
  const rows = new Map<string, { topic: string; night: string; read: number; end: number }>()
  for (const { files } of await readLedger(store)) {
    for (const { path, rows: messages, kind } of files) {
      const topic = path.split('/')[1] ?? ''
      if (kind !== 'topic' || !topics.includes(topic)) continue
      const night = String(nightOf(path))
      const row = rows.get(`${topic} ${night}`) ?? { topic, night, read: 0, end: 0 }
      rows.set(`${topic} ${night}`, row)
      const read = bookmarks.of(topic).files[path] ?? 0
      row.read += read === true ? messages : read
      row.end += messages
    }
  }
  const sorted = [...rows].sort(([a], [b]) => (a < b ? -1 : 1))
  return sorted.map(([, { topic, night, read, end }]) => ({
    topic,
    partition: night,
    position: read,
    end,
    lag: end - read
  }))
}
