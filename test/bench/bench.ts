import { execFileSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  mkdirSync,
  openSync,
  readSync,
  rmSync,
  writeSync
} from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { simulate } from '../../simulator/index.ts'
import { timeHistory } from './history.ts'
import { timeStages } from './stages.ts'

// What each stage costs and what the whole does, in one run, beside the floor: reading the same bytes
// and writing them back. `npm run bench -- ARCHIVE` takes an archive; without, 20,000 packets are made.
const FINK_ONE_CORE = 169
const FINK_SPARK = 248
const ROUNDS = 3
const folder = join(tmpdir(), 'siskin-bench')
const wholeProgram = fileURLToPath(new URL('./whole.ts', import.meta.url))

interface Whole {
  readonly alerts: number
  readonly published: number
  readonly seconds: number
  readonly peakMemory: number
}

const archive = process.argv[2] ?? (await makeArchive())

async function makeArchive(): Promise<string> {
  const out = join(folder, 'night.tar')
  mkdirSync(folder, { recursive: true })
  if (!existsSync(out)) {
    console.log('making 20,000 packets of real size …')
    await simulate({ out, survey: 'ztf', start: '2026-01-12', nights: 1, seed: 8, scale: 0.15 })
  }
  return out
}

/** Seconds to read the file and write it back, durable. */
function floor(): number {
  const copy = join(folder, 'floor')
  mkdirSync(folder, { recursive: true })
  const chunk = Buffer.alloc(1024 * 1024)
  const started = performance.now()
  const from = openSync(archive, 'r')
  const to = openSync(copy, 'w')
  for (let got = readSync(from, chunk); got > 0; got = readSync(from, chunk)) {
    writeSync(to, chunk, 0, got)
  }
  fdatasyncSync(to)
  closeSync(from)
  closeSync(to)
  rmSync(copy)
  return (performance.now() - started) / 1000
}

function whole(members: number, filters: number): Whole {
  const lake = join(folder, 'lake')
  rmSync(lake, { recursive: true, force: true })
  const args = [wholeProgram, archive, lake, String(members), String(filters)]
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as Whole
}

const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN
const rate = (value: number) => Math.round(value).toLocaleString('en-US').padStart(9)

console.log(`${archive}, ${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'})`)
floor()
const floors: number[] = []
const runs = new Map<string, Whole[]>()
// The kinds of run take turns, so that a slow minute of the machine falls on all of them.
for (let round = 0; round < ROUNDS; round++) {
  floors.push(floor())
  for (const [members, filters] of [
    [1, 6],
    [2, 6],
    [2, 25]
  ] as const) {
    const key = `${members} member${members > 1 ? 's' : ''}, ${filters} filters`
    runs.set(key, [...(runs.get(key) ?? []), whole(members, filters)])
  }
}
const packets = runs.values().next().value?.[0]?.alerts ?? 0
const floorRate = packets / median(floors)

console.log(
  `\nthe whole, ${packets.toLocaleString('en-US')} alerts, median of ${ROUNDS}          alerts/s   x floor   memory a member`
)
console.log(`  floor: read the bytes, write them back      ${rate(floorRate)}       1.0`)
const rates = new Map<string, number>()
for (const [key, results] of runs) {
  const perSecond = median(results.map(({ alerts, seconds }) => alerts / seconds))
  rates.set(key, perSecond)
  const members = Number(key[0])
  const memory = Math.max(...results.map(({ peakMemory }) => peakMemory)) / members / 2 ** 20
  console.log(
    `  ${key.padEnd(44)}${rate(perSecond)}    ${(floorRate / perSecond).toFixed(1).padStart(6)}   ${memory.toFixed(0).padStart(6)} MiB`
  )
}
const six = rates.get('2 members, 6 filters') ?? Number.NaN
const many = rates.get('2 members, 25 filters') ?? Number.NaN
const one = rates.get('1 member, 6 filters') ?? Number.NaN
console.log(`  25 filters against 6: ${((six / many - 1) * 100).toFixed(1)} % slower`)
console.log(
  `  Fink's modules, measured the same way: ${FINK_ONE_CORE} alerts/s on one core (ours ${(one / FINK_ONE_CORE).toFixed(0)} x),`
)
console.log(`    ${FINK_SPARK} in Spark on two (ours ${(six / FINK_SPARK).toFixed(0)} x)`)

console.log('\neach stage alone, one core, best of 6                   µs an alert   alerts/s')
for (const { stage, micros } of await timeStages(archive)) {
  console.log(`  ${stage.padEnd(48)}${micros.toFixed(1).padStart(9)}  ${rate(1e6 / micros)}`)
}

const { run, history, backtest } = await timeHistory(archive, folder, ROUNDS)
console.log(`\nhistory, 2 members, median of ${ROUNDS}                   alerts/s   x siskin run`)
console.log(`  siskin run${rate(run).padStart(43)}       1.0`)
console.log(
  `  six modules over it${rate(history).padStart(34)}    ${(history / run).toFixed(1).padStart(6)}`
)
console.log(
  `  one filter over a closed night of ${backtest.alerts.toLocaleString('en-US')} alerts: ${backtest.seconds.toFixed(1)} s`
)
