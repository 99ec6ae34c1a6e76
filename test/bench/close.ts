import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { closeNights, nightsOfLake } from '../../engine/close/close.ts'
import { openStore } from '../../engine/store/open-store.ts'
import { simulate } from '../../simulator/index.ts'
import { fillLedger, timeStart } from './close-start.ts'

// What closing a week of nights of small parts makes of it, what it costs, and how soon a run begins beside many parts.
const isQuick = process.argv.includes('--quick')
const NIGHTS = isQuick ? 1 : 7
const SCALE = 0.03
const PART_PACKETS = 60
const PARTS = isQuick ? 20_000 : 200_000
const ROUNDS = 3
const MIB = 1024 * 1024

const folder = mkdtempSync(join(tmpdir(), 'siskin-close-'))

function siskin(...args: string[]): void {
  execFileSync(process.execPath, ['jobs/siskin.js', ...args], { stdio: 'ignore' })
}

interface Size {
  files: number
  bytes: number
}

function sizeOf(place: string): Size {
  const size = { files: 0, bytes: 0 }
  for (const entry of readdirSync(place, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    size.files++
    size.bytes += statSync(join(entry.parentPath, entry.name)).size
  }
  return size
}

async function queriesOf(lake: string): Promise<Record<string, number>> {
  const files = `read_parquet('${lake}/ztf/alerts/**/*.parquet', union_by_name = true, hive_partitioning = true)`
  const instance = await DuckDBInstance.create(':memory:')
  const db = await instance.connect()
  const [row] = (
    await db.runAndReadAll(
      `SELECT object_id, healpix FROM ${files} ORDER BY alert_id LIMIT 1 OFFSET 100`
    )
  ).getRowObjectsJS() as [{ object_id: string; healpix: bigint }]
  const cell = row.healpix >> 40n // about two degrees
  const queries = {
    'night count': `SELECT night, count(*) FROM ${files} GROUP BY 1`,
    cone: `SELECT alert_id, mag FROM ${files} WHERE healpix BETWEEN ${cell << 40n} AND ${((cell + 1n) << 40n) - 1n}`,
    object: `SELECT mjd, band, mag FROM ${files} WHERE object_id = '${row.object_id}'`,
    'light curves': `SELECT object_id, max(len(history_mjd)), min(list_min(history_mjd)), sum(len(history_band)) FROM ${files} GROUP BY 1`
  }
  const times: Record<string, number> = {}
  for (const [name, sql] of Object.entries(queries)) {
    const own: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const began = performance.now()
      await db.runAndReadAll(sql)
      own.push(performance.now() - began)
    }
    times[name] = own.sort((a, b) => a - b)[ROUNDS >> 1]!
  }
  db.closeSync()
  instance.closeSync()
  return times
}

function line(name: string, before: string, after: string, ratio: string): void {
  console.log(`${name.padEnd(28)}${before.padStart(12)}${after.padStart(12)}${ratio.padStart(10)}`)
}

function compare(name: string, before: number, after: number, unit: (value: number) => string) {
  line(name, unit(before), unit(after), `${(before / after).toFixed(1)} x`)
}

async function timeClose(lake: string, threads: number) {
  const store = openStore(lake)
  const began = performance.now()
  const closed = await closeNights({
    store,
    nights: await nightsOfLake(store, null),
    sizes: { alerts: 128 * MIB, packets: 512 * MIB, rowGroup: 4096, memory: 1024 * MIB },
    threads,
    command: 'bench',
    onStep: () => {},
    onProgress: () => {},
    onLog: () => {}
  })
  execFileSync('sync', ['-f', lake])
  return { closed, seconds: (performance.now() - began) / 1000 }
}

const ms = (value: number) => `${value.toFixed(0)} ms`
const mib = (value: number) => `${(value / MIB).toFixed(1)} MiB`
const count = (value: number) => value.toLocaleString('en')

try {
  const lake = join(folder, 'lake')
  for (let night = 0; night < NIGHTS; night++) {
    const out = join(folder, `night${night}.tar`)
    await simulate({ out, start: `2026-01-${10 + night}`, seed: night, scale: SCALE })
    siskin('run', out, '--lake', lake, '--part-packets', String(PART_PACKETS))
    rmSync(out)
  }
  const roots = ['ztf/alerts', 'ztf/packets', 'topics', '_siskin/ledger', '_siskin/closed']
  const sizes = () => {
    for (const root of roots) mkdirSync(join(lake, root), { recursive: true })
    return roots.map((root) => sizeOf(join(lake, root)))
  }
  const before = sizes()
  const queriesBefore = await queriesOf(lake)
  const copy = join(folder, 'copy')
  const copied = performance.now()
  cpSync(lake, copy, { recursive: true })
  execFileSync('sync', ['-f', copy])
  const copySeconds = (performance.now() - copied) / 1000
  const once = await timeClose(copy, 1)
  rmSync(copy, { recursive: true })
  const { closed, seconds: closeSeconds } = await timeClose(lake, availableParallelism())
  const after = sizes()
  const queriesAfter = await queriesOf(lake)
  const alerts = closed.reduce((sum, night) => sum + night.alerts, 0)
  console.log(`${NIGHTS} nights, ${count(alerts)} alerts in parts of ${PART_PACKETS}\n`)
  line('', 'before', 'after', 'ratio')
  for (const [i, root] of roots.entries()) {
    compare(`files ${root}`, before[i]!.files, after[i]!.files, count)
    compare(`bytes ${root}`, before[i]!.bytes, after[i]!.bytes, mib)
  }
  for (const [name, time] of Object.entries(queriesBefore))
    compare(name, time, queriesAfter[name]!, ms)
  const bytes = closed.reduce((sum, night) => sum + night.bytesBefore, 0) / MIB
  const rate = (name: string, seconds: number) =>
    `${name} ${(bytes / seconds).toFixed(1)} MiB/s (${count(Math.round(alerts / seconds))} alerts/s): ${(copySeconds / seconds).toFixed(2)} of the copy`
  console.log(`\nthe files copied, and synced, at ${(bytes / copySeconds).toFixed(1)} MiB/s`)
  console.log(rate('closed in one thread at', once.seconds))
  console.log(rate(`with ${availableParallelism()} threads beside it at`, closeSeconds))
  const archive = join(folder, 'small.tar')
  await simulate({ out: archive, start: '2026-02-01', seed: 1, scale: 0.0005, stamps: 'none' })
  const none = timeStart(join(folder, 'empty'), archive)
  const many = join(folder, 'many')
  fillLedger(many, PARTS)
  const beside = timeStart(many, archive)
  console.log(
    `\nsiskin run of ${count(none.alerts)} alerts: into an empty lake ${ms(none.ms)}, ${mib(none.memory)}; beside ${count(PARTS)} parts ${ms(beside.ms)}, ${mib(beside.memory)}`
  )
} finally {
  rmSync(folder, { recursive: true, force: true })
}
