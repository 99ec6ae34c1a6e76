import { setTimeout as delay } from 'node:timers/promises'
import { avroType } from '../avro/type.ts'
import { isMissing } from '../store/errors.ts'
import type { Store } from '../store/store.ts'
import { dateOf } from '../table/time.ts'
import type { Bookmarks } from './bookmarks.ts'
import type { MessageBatch, Feed, Incoming, ReadFrom } from './feed.ts'
import { mergedOf } from '../avro/merged-topic.ts'
import { noteOpened } from './opened.ts'
import { Progress } from './progress.ts'
import { checkTopics, filesOf, messagesOf, nightOf } from './lake-topics.ts'

export interface LakeFeedOptions {
  readonly store: Store
  readonly topics: readonly string[]
  readonly bookmarks: Bookmarks
  readonly from: ReadFrom
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

  async next(stop: AbortSignal): Promise<MessageBatch | null> {
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
    const { store, topics, bookmarks } = this.#options
    for (const topic of topics) {
      const files = await filesOf(store, topic)
      await noteOpened(store, bookmarks.of(topic), files)
      for (const path of files) {
        if (!this.#seen.has(path)) this.#queue.push({ topic, path })
        this.#seen.add(path)
      }
    }
    this.#isListed = true
  }

  /** What is unread of a file; null if that is nothing. */
  async #read({ topic, path }: TopicFile): Promise<MessageBatch | null> {
    const { bookmarks, store } = this.#options
    const marks = bookmarks.of(topic)
    if (marks.files[path] === true) return null
    if (marks.since !== null && nightOf(path) < dateOf(marks.since - 1)) {
      marks.files[path] = true
      return null
    }
    const bytes = await store.read(path).catch(absent)
    if (bytes === null) {
      this.#isListed = false // its night was closed: it lies among others now
      return null
    }
    const { messages: all, fault } = messagesOf(topic, path, bytes)
    const progress = new Progress(marks, path, mergedOf(path, bytes), this.#seen)
    const isWanted = wanting(all[0]?.schema ?? '', marks.since)
    const places = progress.unread(all.length).filter((i) => isWanted(all[i]!))
    if (places.length === 0 && !fault) {
      progress.end()
      return null
    }
    return {
      messages: [...places.map((i) => all[i]!), ...(fault ? [fault] : [])],
      commit: async (count) => {
        if (count === 0) return
        const last = places[Math.min(count, places.length) - 1]
        // a damaged file is never read to its end: it may be mended, or be whole the next time
        if (!fault && count === places.length) progress.end()
        else if (last !== undefined) progress.upTo(last + 1)
        await bookmarks.save()
      }
    }
  }

  async close(): Promise<void> {}
}

function absent(error: unknown): null {
  if (isMissing(error)) return null
  throw error
}

/** True for alerts as young as `since`, and for those that do not say their time. */
function wanting(schema: string, since: number | null): (message: Incoming) => boolean {
  if (since === null || schema === '') return () => true
  const type = avroType(schema)
  return ({ datum }) => {
    try {
      const { mjd } = type.fromBuffer(Buffer.from(datum)) as { mjd?: number | null }
      return (mjd ?? since) >= since
    } catch {
      return true // it is told where it is decoded
    }
  }
}
