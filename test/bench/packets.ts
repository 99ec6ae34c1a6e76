import { parseArgs } from 'node:util'
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { layContainer } from '../../engine/avro/container.ts'
import { isContainer, readBlockHead, readHeader } from '../../engine/avro/heads.ts'
import { openStore } from '../../engine/store/open-store.ts'
import { startHdfs, whyNoCluster } from '../cluster/cluster.ts'
import { processorTime } from './processor-time.ts'
import { hasReal, realLsst, realSchemas, realZtf } from '../support/packets.ts'

// What it costs and saves to keep packets compressed, on real packets: `npm run bench:packets`. With
// `--hdfs` also what staging takes in a real HDFS on the same cores.
const LEVELS = [-7, -5, -3, 1, 2, 3]
const ROUNDS = 4
const PIECE = 128 * 1024
const STAGED = { packets: 250, rounds: 12 }

const { values } = parseArgs({ options: { hdfs: { type: 'boolean' } } })
const why = values.hdfs ? whyNoCluster() : null
if (!hasReal) console.log('no benchmark: no real packets')
else if (why) console.log(`no benchmark: ${why}`)
else await bench()

async function bench(): Promise<void> {
  const lsst = realLsst().map(({ bytes }) => bytes.subarray(5))
  const ztf = realZtf().map(({ bytes }) => datumOf(bytes))
  for (const [survey, packets] of [
    ['lsst', lsst],
    ['ztf', ztf]
  ] as const) {
    const bytes = sum(packets)
    console.log(`\n${packets.length} packets of ${survey}, ${kilo(bytes / packets.length)} each`)
    for (const level of LEVELS) table(packets, level)
  }
  if (values.hdfs) await staging(lsst, realSchemas().get(1000)!)
}

function table(packets: readonly Uint8Array[], level: number): void {
  const options = { params: { [constants.ZSTD_c_compressionLevel]: level }, chunkSize: PIECE }
  const kept = packets.map((packet) => zstdCompressSync(packet, options))
  const there = micros(() => packets.forEach((packet) => zstdCompressSync(packet, options)))
  const back = micros(() =>
    kept.forEach((bytes) => zstdDecompressSync(bytes, { chunkSize: PIECE }))
  )
  const ratio = (sum(packets) / sum(kept)).toFixed(2)
  const cost = [there, back].map((all) => (all / packets.length).toFixed(0).padStart(4))
  const size = kilo(sum(kept) / kept.length)
  console.log(
    `  zstd level ${String(level).padStart(2)}   ${ratio} x smaller, ${size}   ${cost[0]} µs of processor time an alert, ${cost[1]} to inflate`
  )
}

/** Processor time of the process, the best of the rounds. */
function micros(work: () => void): number {
  const times = Array.from({ length: ROUNDS }, () => {
    const before = process.cpuUsage()
    for (let i = 0; i < 5; i++) work()
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 5
  })
  return Math.min(...times)
}

/** Packet files of a part, with and without: made and written, the two taking turns. */
async function staging(lsst: readonly Uint8Array[], schema: Uint8Array): Promise<void> {
  const packets = Array.from({ length: STAGED.packets }, (_, i) => lsst[i % lsst.length]!)
  const hdfs = await startHdfs({ underLoad: true })
  try {
    const store = openStore(`${hdfs.root}/bench`)
    const taken = { null: [0, 0], zstandard: [0, 0] }
    for (let round = -2; round < STAGED.rounds; round++) {
      for (const codec of ['null', 'zstandard'] as const) {
        const path = `${codec}-${round}.avro`
        const [began, spent] = [performance.now(), processorTime()]
        await store.write(path, layContainer(path, schema, {}, packets, codec).pieces)
        if (round < 0) continue // the servers warm up
        taken[codec][0]! += performance.now() - began
        taken[codec][1]! += processorTime() - spent
      }
    }
    console.log(
      `\npacket files of ${packets.length} alerts, made and staged in HDFS on these cores`
    )
    const all = (STAGED.rounds * packets.length) / 1000
    for (const [codec, [clock, spent]] of Object.entries(taken)) {
      const [one, other] = [clock, spent].map((ms) => (ms! / all).toFixed(0).padStart(5))
      console.log(
        `  ${codec.padEnd(10)} ${one} µs an alert by the clock, ${other} of processor time with the servers`
      )
    }
  } finally {
    await hdfs.stop()
  }
}

/** The packet in a container that holds one. */
function datumOf(bytes: Uint8Array): Uint8Array {
  const header = isContainer(bytes, 0) ? readHeader(bytes, 0, bytes.length) : null
  const { start, size } = readBlockHead(bytes, header!.end, bytes.length)!
  return bytes.subarray(start, start + size)
}

function sum(all: readonly Uint8Array[]): number {
  return all.reduce((bytes, { length }) => bytes + length, 0)
}

function kilo(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`
}
