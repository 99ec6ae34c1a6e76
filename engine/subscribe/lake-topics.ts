import { amount } from '../amount.ts'
import { avroType } from '../avro/type.ts'
import { isContainer, readHeader } from '../avro/heads.ts'
import { eachBlock } from '../avro/container.ts'
import { mergedOf } from '../avro/merged-topic.ts'
import type { MergedTopic } from '../avro/merged-topic.ts'
import { meantBy, messageOf, UsageError } from '../errors.ts'
import { expectLake } from '../lake/expect-lake.ts'
import { readLedger } from '../lake/records.ts'
import type { PartRecord } from '../lake/ledger.ts'
import type { Store } from '../store/store.ts'
import { flagsText } from '../store/lake-flags.ts'
import { noteOpened } from './opened.ts'
import { readOf } from './progress.ts'
import type { Bookmarks } from './bookmarks.ts'
import { unreadable } from './feed.ts'
import type { Incoming, LagRow } from './feed.ts'

/** The files of a topic, by night and name. */
export async function filesOf(store: Store, topic: string): Promise<string[]> {
  const files = await store.list(`topics/${topic}`)
  return files.map(({ path }) => path).filter((path) => path.endsWith('.avro'))
}

export function nightOf(path: string): number {
  return Number(/night=(\d{8})/.exec(path)?.[1] ?? 0)
}

/** The messages of a topic's file; `fault` stands for those behind a damage, or for a foreign file. */
export function messagesOf(
  topic: string,
  path: string,
  bytes: Uint8Array
): { readonly messages: readonly Incoming[]; readonly fault: Incoming | null } {
  const messages: Incoming[] = []
  try {
    const header = readHeader(bytes, 0, bytes.length)
    if (!header) throw new Error('it ends in its header')
    const schema = Buffer.from(header.schema).toString()
    avroType(schema)
    let last: Uint8Array | null = null // whole when the sync marker behind it is there
    const push = () => {
      const place = `${path}, message ${messages.length}`
      if (last) messages.push({ topic, place, schema, datum: last })
    }
    eachBlock(bytes, (count, start, end) => {
      push()
      last = null
      if (count !== 1) throw new Error('a block holds more than one message')
      last = bytes.subarray(start, end)
    })
    push()
    return { messages, fault: null }
  } catch (error) {
    const what = messages.length === 0 ? 'no topic file of Siskin’s' : 'the rest is damaged'
    const place = messages.length === 0 ? path : `${path} from message ${messages.length} on`
    return { messages, fault: unreadable(topic, place, `${messageOf(error)}: ${what}`) }
  }
}

/**
 * @throws UsageError where a stream fills the lake (what it selected is in Kafka), and for a topic that
 * the lake does not have, or where there is no lake
 */
export async function checkTopics(store: Store, topics: readonly string[]): Promise<void> {
  const files = await store.list('topics')
  const there = new Set(files.map(({ path }) => path.split('/')[1] ?? ''))
  if (topics.every((topic) => there.has(topic))) return
  await expectLake(store)
  const streamed = new Map<string, number>()
  let prefix: string | undefined
  for (const record of await readLedger(store)) {
    for (const { topic } of Object.values(record.filters)) there.add(topic) // nothing was selected yet
    addStreamed(streamed, record)
    prefix = record.stream?.prefix ?? prefix
  }
  const missing = topics.find((topic) => !there.has(topic))
  if (missing !== undefined) {
    const known = [...there].sort()
    const what = `no topic "${missing}" in the lake ${store.root}`
    if (known.length === 0) throw new UsageError(`${what}, which has no topics yet`)
    throw new UsageError(`${what}${meantBy(missing, known)}; there are: ${known.join(', ')}`)
  }
  const inKafka = topics.filter((topic) => {
    return streamed.has(topic) && !files.some(({ path }) => path.startsWith(`topics/${topic}/`))
  })
  if (inKafka.length === 0) return
  const counts = inKafka
    .map((topic) => `${amount(streamed.get(topic) ?? 0, 'alert')} of ${topic}`)
    .join(', ')
  throw new UsageError(
    `the lake ${store.root} is filled by a stream, which puts what it selects into Kafka and not into files: ${counts} so far; read them with siskin subscribe ${inKafka.join(' ')} --brokers host:port ${flagsText([['--out-prefix', prefix ?? '<that of the stream>']])}`
  )
}

/** The topics that a lake has, those too of which nothing was selected yet. @throws UsageError where there is no lake */
export async function topicNames(store: Store): Promise<string[]> {
  await expectLake(store)
  const names = new Set((await store.entries('topics')).map(({ name }) => name))
  for (const { filters } of await readLedger(store)) {
    for (const { topic } of Object.values(filters)) names.add(topic)
  }
  return [...names].toSorted()
}

/** Counts what a stream selected, by topic. */
function addStreamed(counts: Map<string, number>, { stream, filters }: PartRecord): void {
  if (stream === undefined) return
  for (const { topic, published } of Object.values(filters)) {
    counts.set(topic, (counts.get(topic) ?? 0) + published)
  }
}

const FIRST_READ = 64 * 1024

async function mergedIn(store: Store, path: string): Promise<MergedTopic[] | null> {
  const size = (await store.size(path)) ?? 0
  for (let want = FIRST_READ; ; want *= 8) {
    const head = await store.read(path, 0, Math.min(want, size))
    const isAll = want >= size || !isContainer(head, 0) || isHeaderIn(head)
    if (isAll) return mergedOf(path, head)
  }
}

/** Also where it is damaged: more bytes do not mend it. */
function isHeaderIn(head: Uint8Array): boolean {
  try {
    return readHeader(head, 0, head.length) !== null
  } catch {
    return true
  }
}

/** How far a group is with the topics of a lake, by night. */
export async function lakeLag(
  store: Store,
  topics: readonly string[],
  bookmarks: Bookmarks
): Promise<LagRow[]> {
  await checkTopics(store, topics)
  for (const topic of topics) {
    await noteOpened(store, bookmarks.of(topic), await filesOf(store, topic))
  }
  const rows = new Map<string, { topic: string; night: string; read: number; end: number }>()
  for (const { files, closes } of await readLedger(store)) {
    for (const { path, rows: messages, kind } of files) {
      const topic = path.split('/')[1] ?? ''
      if (kind !== 'topic' || !topics.includes(topic)) continue
      const night = String(nightOf(path))
      const row = rows.get(`${topic} ${night}`) ?? { topic, night, read: 0, end: 0 }
      rows.set(`${topic} ${night}`, row)
      const merged = closes ? await mergedIn(store, path) : null
      row.read += readOf(bookmarks.of(topic), { path, rows: messages }, merged)
      row.end += messages
    }
  }
  const sorted = [...rows].sort(([a], [b]) => (a < b ? -1 : 1))
  return sorted.map(([, { topic, night, read, end }]) => ({
    topic,
    partition: night,
    position: read,
    end,
    lag: end - read,
    isExact: true
  }))
}
