import { beforeAll, expect, test } from 'vitest'
import { atOnce } from '../../engine/store/at-once.ts'
import { Batcher } from '../../engine/stream/member/batcher.ts'
import type { MicroBatch } from '../../engine/stream/member/batcher.ts'
import { Bounds } from '../../engine/stream/common/bounds.ts'
import { CommittedReader } from '../../engine/kafka/committed-reader.ts'
import type { Chunk } from '../../engine/kafka/committed-reader.ts'
import { sharedKafka } from '../cluster/shared.ts'
import type { SharedKafka } from '../cluster/shared.ts'
import { describeKafka, makeTopic, send } from './support.ts'

const TRIGGER = { seconds: 300, rows: 10, bytes: 1000 }
const recovered = { finished: [], dropped: [], end: null }
const STARTS = [0, 1, 2].map((partition) => {
  return {
    topic: 't',
    partition,
    source: `t-${partition}`,
    offset: 0,
    begins: true,
    note: null,
    recovered
  }
})

/** What a fetch brings: `count` messages of a partition, their bytes all its number. */
function chunk(partition: number, first: number, count: number, size = 20): Chunk {
  const messages = Array.from({ length: count }, (_, i) => ({
    topic: 't',
    partition,
    offset: first + i,
    timestamp: 0,
    key: null,
    value: Buffer.alloc(size, partition + 1),
    headers: new Map<string, Buffer>()
  }))
  return { topic: 't', partition, messages, next: first + count, stableEnd: 99, expired: 0 }
}

function batcherOf(chunks: readonly Chunk[]): Batcher {
  const batcher = new Batcher(TRIGGER, STARTS, 1, new Bounds(), () => {})
  void batcher.fill(
    (async function* () {
      yield* chunks
    })()
  )
  return batcher
}

const spans = (batch: MicroBatch | null) =>
  batch?.map(({ fetched: { source, first, last } }) => [source, first, last])
const never = new AbortController().signal

test('a micro-batch takes partitions whole: what would be split waits for the next', async () => {
  const batcher = batcherOf([chunk(0, 0, 8), chunk(1, 0, 6), chunk(1, 6, 4), chunk(2, 0, 12)])
  expect(spans(await batcher.next(never))).toEqual([['t-0', 0, 7]])
  expect(spans(await batcher.next(never))).toEqual([['t-1', 0, 9]])
  expect(spans(await batcher.next(never))).toEqual([['t-2', 0, 9]]) // alone, it is split
  expect(batcher.waiting).toBe(2)
})

test('a micro-batch of little bytes takes what there is of all when its time has come', async () => {
  const bounds = new Bounds()
  const batcher = new Batcher({ ...TRIGGER, seconds: 1 }, STARTS, 1, bounds, () => {})
  await batcher.fill(
    (async function* () {
      yield* [chunk(0, 0, 2), chunk(1, 0, 2), chunk(2, 0, 2)]
    })()
  )
  expect(spans(await batcher.next(never))).toEqual([
    ['t-0', 0, 1],
    ['t-1', 0, 1],
    ['t-2', 0, 1]
  ])
})

test('the memory of a micro-batch serves the next when it is given back, and holds its bytes', async () => {
  const batcher = batcherOf([chunk(0, 0, 10), chunk(1, 0, 10), chunk(2, 0, 10, 7)])
  const first = await batcher.next(never)
  const second = await batcher.next(never)
  expect(second![0]!.fetched.bytes).not.toBe(first![0]!.fetched.bytes)
  batcher.reuse(first!)
  const third = await batcher.next(never)
  const { bytes, length, sizes } = third![0]!.fetched
  expect(bytes).toBe(first![0]!.fetched.bytes)
  expect(length).toBe(70)
  expect([...sizes]).toEqual(Array.from({ length: 10 }, () => 7))
  expect(new Uint8Array(bytes, 0, length).every((byte) => byte === 3)).toBe(true)
})

test('after a failure nothing more begins, and nothing goes on behind it', async () => {
  const begun: number[] = []
  const ended: number[] = []
  const work = async (item: number) => {
    begun.push(item)
    await new Promise((resolve) => setImmediate(resolve))
    if (item === 1) throw new Error('one')
    await new Promise((resolve) => setImmediate(resolve))
    ended.push(item)
  }
  await expect(atOnce([0, 1, 2, 3, 4, 5], 3, work)).rejects.toThrow('one')
  expect(begun).toEqual([0, 1, 2])
  expect(ended).toEqual([0, 2])
  await atOnce([6, 7], 3, work)
  expect(ended).toEqual([0, 2, 6, 7])
})

describeKafka('a reader that is behind', () => {
  let kafka: SharedKafka

  beforeAll(async () => {
    kafka = await sharedKafka()
  })

  test('reads long runs of one partition, and of each in its turn', async () => {
    const feed = { topic: 'runs', partitions: 3 }
    await makeTopic(kafka, feed)
    const packets = Array.from({ length: 180 }, () => Buffer.alloc(20_000, 1))
    await send(kafka, feed, packets, 'none')
    const access = { brokers: [kafka.bootstrap], user: null, password: null, tls: false, ca: null }
    const sizes = { fetch: 100_000, partition: 100_000, run: 400_000 }
    const reader = new CommittedReader(
      { ...access, mechanism: 'PLAIN' },
      'test',
      [feed.topic],
      sizes
    )
    const places = [0, 1, 2].map((partition) => ({
      topic: feed.topic,
      partition,
      offset: 0,
      end: 60
    }))
    const runs: [partition: number, bytes: number][] = []
    for await (const { partition, messages } of reader.read(places)) {
      const bytes = messages.reduce((sum, { value }) => sum + (value?.length ?? 0), 0)
      const last = runs.at(-1)
      if (last?.[0] === partition) last[1] += bytes
      else runs.push([partition, bytes])
    }
    await reader.close()
    expect(runs.reduce((sum, [, bytes]) => sum + bytes, 0)).toBe(180 * 20_000)
    expect(new Set(runs.slice(0, 3).map(([partition]) => partition)).size).toBe(3)
    for (const [, bytes] of runs.slice(0, 6)) expect(bytes).toBeGreaterThanOrEqual(400_000)
  })
})
