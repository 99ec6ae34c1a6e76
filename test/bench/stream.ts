import { existsSync, mkdirSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { MessageToProduce } from '@platformatic/kafka'
import { simulate } from '../../simulator/index.ts'
import { openStore } from '../../engine/store/open-store.ts'
import { startHdfs, startKafka, whyNoCluster } from '../cluster/cluster.ts'
import {
  copySeconds,
  drained,
  floorSeconds,
  latencies,
  makeTopic,
  readAll,
  replay,
  stampsOf,
  topicsOf
} from './stream-kafka.ts'
import { commitCost, median } from './stream-once.ts'
import { runStream, sustained } from './stream-run.ts'
import type { StreamResult, StreamRun } from './stream-run.ts'

// A live stream from Kafka through every module to HDFS and 25 topics, the servers on the same cores, held
// against a reader that does nothing. `npm run bench:stream`; with `--quick` a short form, for a try.
const HELP = 'node test/bench/stream.ts [--quick] [--only whole,latency,burst]'
const FILTERS = 25
const LSST_RATE = 333

const { values } = parseArgs({
  options: { quick: { type: 'boolean' }, only: { type: 'string' }, help: { type: 'boolean' } }
})
const isQuick = values.quick === true
const parts = values.only?.split(',') ?? ['whole', 'latency', 'burst']
const size = isQuick
  ? { scale: 0.04, rounds: 1, burst: 6000 }
  : { scale: 0.15, rounds: 3, burst: 40_000 }
const folder = join(tmpdir(), 'siskin-bench')

const why = whyNoCluster()
if (values.help) console.log(HELP)
else if (why) console.log(`no benchmark: ${why}`)
else await bench()

/** Two nights of packets of real size, their alert ids all different. */
async function makeNights(): Promise<string[]> {
  const out = join(folder, `stream-${size.scale}.tar`)
  const nights = ['2026-01-12', '2026-01-13'].map((date) => out.replace('.tar', `-${date}.tar`))
  mkdirSync(folder, { recursive: true })
  if (!nights.every((path) => existsSync(path))) {
    console.log('making packets of real size …')
    const { scale } = size
    await simulate({ out, survey: 'ztf', start: '2026-01-12', nights: 2, seed: 8, scale })
  }
  return nights
}

async function bench(): Promise<void> {
  const nights = await makeNights()
  console.log(`${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), servers on the same`)
  const kafka = await startKafka({ underLoad: true })
  const hdfs = await startHdfs({ underLoad: true })
  try {
    const { bootstrap } = kafka
    const night = await replay(bootstrap, 'night', nights.slice(0, 1))
    line('siskin replay, as fast as Kafka takes them', night.rate)
    const place = { bootstrap, lake: `${hdfs.root}/bench`, filters: FILTERS }
    if (parts.includes('whole')) {
      const [[alone] = []] = await whole(place, night.sent)
      if (alone) await once(bootstrap, alone, sustained(alone))
    }
    if (parts.includes('latency')) await latency(place, nights[1]!)
    if (parts.includes('burst')) await burst(place, nights)
  } finally {
    await hdfs.stop()
    await kafka.stop()
  }
}

type Place = Pick<StreamRun, 'bootstrap' | 'lake' | 'filters'>

function line(what: string, perSecond: number, more = ''): void {
  const rate = Math.round(perSecond).toLocaleString('en-US').padStart(8)
  console.log(`  ${what.padEnd(52)}${rate} alerts/s${more}`)
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB a member`
}

/** Alerts a second of 1 and 2 members; the kinds of run take turns. */
async function whole(place: Place, count: number): Promise<StreamResult[][]> {
  const floors: number[] = []
  const copies: number[] = []
  const runs: StreamResult[][] = [[], []]
  for (let round = 0; round < size.rounds; round++) {
    floors.push(count / (await floorSeconds(place.bootstrap, 'night', count)))
    const store = openStore(`${place.lake}-floor`)
    copies.push(count / (await copySeconds(place.bootstrap, 'night', count, store)))
    for (const [i, own] of runs.entries()) {
      const name = `b${i + 1}r${round}`
      const lake = `${place.lake}-${name}`
      const run = { ...place, topic: 'night', name, lake, members: i + 1, until: count }
      own.push(await runStream(run))
    }
  }
  const floor = median(floors)
  console.log(`\n${count.toLocaleString('en-US')} alerts, median of ${size.rounds}`)
  line('floor: consume the same bytes, do nothing', floor)
  const copy = median(copies)
  line('floor: consume the same bytes, write them to HDFS', copy)
  for (const [i, own] of runs.entries()) {
    const rate = median(own.map(sustained))
    const memory = Math.max(...own.map((result) => result.memory))
    const above = `${(floor / rate).toFixed(1)} x and ${(copy / rate).toFixed(1)} x the floors`
    const ratio = `, ${above}, ${mebibytes(memory)}`
    line(`${i + 1} member${i > 0 ? 's' : ''}, ${FILTERS} filters, HDFS and topics`, rate, ratio)
    stages(own[0]!)
  }
  return runs
}

/** Where a member's time goes: while one micro-batch is committed the next is made. */
function stages({ landed, stages, troubles }: StreamResult): void {
  const alerts = alertsOf(landed)
  const times = Object.entries(stages).map(
    ([stage, seconds]) => `${stage} ${((seconds / alerts) * 1e6).toFixed(0)}`
  )
  const each = (alerts / landed.length).toFixed(0)
  console.log(`    µs an alert: ${times.join(', ')}; ${each} alerts a part`)
  for (const trouble of new Set(troubles)) console.log(`    ${trouble}`)
}

/** What a transaction costs a micro-batch of 1,000 alerts. */
async function once(bootstrap: string, { landed }: StreamResult, rate: number): Promise<void> {
  const topics = await topicsOf(bootstrap, 'b1r0-')
  const published = landed
    .flatMap(({ record }) => Object.values(record.filters))
    .reduce((sum, filter) => sum + filter.published, 0)
  const all: MessageToProduce[] = []
  await readAll(bootstrap, topics, published, ({ topic, key, value }) => {
    all.push({ topic, key: Buffer.from(key), value: Buffer.from(value) })
  })
  const own = all.slice(0, Math.max(1, Math.round((published / alertsOf(landed)) * 1000)))
  const cost = await commitCost(bootstrap, 'night', own)
  const extra = cost.once - cost.atLeastOnce
  const share = (extra / (1e6 / rate)) * 100
  console.log(
    `\nexactly once: the ${own.length} messages of 1,000 alerts, in ${topics.length} topics`
  )
  console.log(`  published, then the position moved       ${cost.atLeastOnce.toFixed(1)} ms`)
  console.log(`  both in one transaction                  ${cost.once.toFixed(1)} ms`)
  console.log(`  the difference is ${share.toFixed(1)} % of what one member needs for them`)
}

/** From a packet's time stamp to its commit, at the mean rate of LSST. */
async function latency(place: Place, night: string): Promise<void> {
  console.log(`\nfrom the time stamp of a packet to its commit, ${LSST_RATE} alerts/s, trigger 5 s`)
  for (const members of [1, 2]) {
    const topic = `latency${members}`
    const { sent, result } = await arriving(place, topic, members, [night], LSST_RATE)
    const waits = latencies(await stampsOf(place.bootstrap, topic, sent.sent), result)
    const at = (share: number) => waits[Math.floor(share * (waits.length - 1))]!.toFixed(1)
    console.log(
      `  ${members} member${members > 1 ? 's' : ' '}  p50 ${at(0.5)} s   p99 ${at(0.99)} s   most ${at(1)} s   ` +
        `${sent.rate.toFixed(0)} alerts/s sent, ${mebibytes(result.memory)}`
    )
  }
}

/** A burst that comes at once, until the last of it has landed. */
async function burst(place: Place, nights: readonly string[]): Promise<void> {
  const { sent, result } = await arriving(place, 'burst', 2, nights, null)
  const stamps = await stampsOf(place.bootstrap, 'burst', sent.sent)
  const count = Math.min(size.burst, sent.sent)
  const seconds = drained(stamps, result, count)
  console.log(`\na burst of ${count.toLocaleString('en-US')} alerts, 2 members`)
  console.log(
    `  the last is committed ${seconds.toFixed(1)} s after the first was sent; sending alone took ` +
      `${((sent.seconds * count) / sent.sent).toFixed(1)} s; ${mebibytes(result.memory)}`
  )
}

/** Members that wait in an empty topic, and packets that begin to come. */
async function arriving(
  place: Place,
  topic: string,
  members: number,
  archives: readonly string[],
  rate: number | null
) {
  const { bootstrap } = place
  await makeTopic(bootstrap, topic)
  const flags = rate === null ? [] : ['--rate', String(rate)]
  const { promise: joined, resolve } = Promise.withResolvers<void>()
  const sending = joined.then(() => replay(bootstrap, topic, archives, flags))
  const lake = `${place.lake}-${topic}`
  const until = sending.then(({ sent }) => sent)
  const running = runStream({
    ...place,
    topic,
    name: topic,
    lake,
    members,
    until,
    onJoined: resolve
  })
  return { sent: await sending, result: await running }
}

function alertsOf(landed: StreamResult['landed']): number {
  return landed.reduce((sum, { record }) => sum + record.alerts, 0)
}
