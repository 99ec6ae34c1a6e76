import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Admin, Consumer } from '@platformatic/kafka'
import type { Message } from '@platformatic/kafka'
import type { Store } from '../../engine/store/store.ts'
import type { StreamResult } from './stream-run.ts'

const PROGRAM = fileURLToPath(new URL('../../jobs/siskin.js', import.meta.url))
const FETCH_BYTES = 16 * 1024 * 1024
const PART_BYTES = 32 * 1024 * 1024

interface Sent {
  readonly sent: number
  readonly bytes: number
  readonly seconds: number
  readonly rate: number
}

const PARTITIONS = 8

export async function makeTopic(bootstrap: string, topic: string): Promise<void> {
  const admin = new Admin({ clientId: 'bench', bootstrapBrokers: [bootstrap] })
  await admin.createTopics({ topics: [topic], partitions: PARTITIONS, replicas: 1 })
  await admin.close()
}

/** `siskin replay`, in a process of its own. */
export function replay(
  bootstrap: string,
  topic: string,
  archives: readonly string[],
  flags: readonly string[] = []
): Promise<Sent> {
  const to = [
    '--brokers',
    bootstrap,
    '--topic',
    topic,
    '--partitions',
    String(PARTITIONS),
    '--json'
  ]
  const args = [PROGRAM, 'replay', ...archives, ...to, ...flags]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
  return new Promise((resolve, reject) => {
    child.once('exit', () => {
      if (text === '') reject(new Error('siskin replay failed'))
      else resolve(JSON.parse(text) as Sent)
    })
  })
}

/** Reads `count` messages from the beginning and hands each on. */
export async function readAll(
  bootstrap: string,
  topics: readonly string[],
  count: number,
  take: (message: Message) => void
): Promise<void> {
  const groupId = `bench-${process.hrtime.bigint()}`
  const consumer = new Consumer({ clientId: groupId, bootstrapBrokers: [bootstrap], groupId })
  const stream = await consumer.consume({
    topics: [...topics],
    mode: 'earliest',
    autocommit: false,
    maxBytes: FETCH_BYTES,
    maxWaitTime: 500
  })
  await new Promise<void>((resolve, reject) => {
    let left = count
    if (left === 0) return resolve()
    stream.on('error', reject)
    stream.on('data', (message) => {
      if (left-- <= 0) return
      take(message)
      if (left === 0) resolve()
    })
  })
  await consumer.close(true)
}

/** Seconds from the first message to the last of a reader that does nothing with them. */
export async function floorSeconds(
  bootstrap: string,
  topic: string,
  count: number
): Promise<number> {
  let started = 0
  await readAll(bootstrap, [topic], count, () => (started ||= performance.now()))
  return (performance.now() - started) / 1000
}

/** Seconds to read the messages and write them to a store, in files of the size of a part, two at a time. */
export async function copySeconds(
  bootstrap: string,
  topic: string,
  count: number,
  store: Store
): Promise<number> {
  let started = 0
  let pieces: Buffer[] = []
  let bytes = 0
  const writing: Promise<number>[] = []
  const write = () => {
    const before = writing.at(-2)
    const own = pieces
    const path = `floor/${writing.length}`
    writing.push(Promise.resolve(before).then(() => store.write(path, own)))
    pieces = []
    bytes = 0
  }
  await readAll(bootstrap, [topic], count, ({ value }) => {
    started ||= performance.now()
    pieces.push(value)
    bytes += value.length
    if (bytes >= PART_BYTES) write()
  })
  if (bytes > 0) write()
  await Promise.all(writing)
  const seconds = (performance.now() - started) / 1000
  await store.remove('floor')
  return seconds
}

/** When the messages of a topic were sent, ms since 1970, by source and offset. */
export interface Stamps {
  readonly bySource: ReadonlyMap<string, ReadonlyMap<number, number>>
  readonly first: number
}

export async function stampsOf(bootstrap: string, topic: string, count: number): Promise<Stamps> {
  const bySource = new Map<string, Map<number, number>>()
  let first = Number.POSITIVE_INFINITY
  await readAll(bootstrap, [topic], count, ({ partition, offset, timestamp }) => {
    const source = `${topic}-${partition}`
    const own = bySource.get(source) ?? new Map<number, number>()
    bySource.set(source, own)
    own.set(Number(offset), Number(timestamp))
    first = Math.min(first, Number(timestamp))
  })
  return { bySource, first }
}

/** Seconds from a message's time stamp until it was in the lake and visible in the topics, ascending. */
export function latencies({ bySource }: Stamps, { landed }: StreamResult): number[] {
  const seconds = landed.flatMap(({ record: { source, first, last }, at }) => {
    const own = bySource.get(source)
    const waits: number[] = []
    for (let offset = first; offset <= last; offset++) {
      const stamp = own?.get(offset)
      if (stamp !== undefined) waits.push((at - stamp) / 1000)
    }
    return waits
  })
  return seconds.sort((a, b) => a - b)
}

/** Seconds from the first message until `count` were in the lake. */
export function drained({ first }: Stamps, { landed }: StreamResult, count: number): number {
  let received = 0
  for (const { record, at } of landed) {
    received += record.received
    if (received >= count) return (at - first) / 1000
  }
  return Number.NaN
}

/** Names of the topics that begin so. */
export async function topicsOf(bootstrap: string, prefix: string): Promise<string[]> {
  const admin = new Admin({ clientId: 'bench', bootstrapBrokers: [bootstrap] })
  const names = await admin.listTopics()
  await admin.close()
  return names.filter((name) => name.startsWith(prefix))
}
