import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ledgerPath, partName } from '../../engine/lake/ledger.ts'

const PARTITIONS = 16
const PACKETS_A_PART = 20

/** The ledger of a stream of so many parts, in 16 partitions; their files are not there, as nobody who begins looks at them. */
export function fillLedger(lake: string, parts: number): void {
  const topic = {
    cluster: 'bench',
    group: 'bench',
    topic: 'live',
    topicId: 'bench',
    since: '2026-01-01'
  }
  put(join(lake, '_siskin/owners/topics/live.json'), topic)
  const own = Math.ceil(parts / PARTITIONS)
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const source = `live-${partition}`
    for (let part = 0; part < own; part++) {
      const first = part * PACKETS_A_PART
      const last = first + PACKETS_A_PART - 1
      put(join(lake, ledgerPath(source, first, last)), recordOf(source, first, last))
    }
    const upTo = (own - 64) * PACKETS_A_PART
    put(join(lake, `_siskin/seen/sources/${source}.json`), { source, next: upTo })
  }
}

function put(path: string, value: unknown): void {
  const bytes = JSON.stringify(value)
  try {
    writeFileSync(path, bytes)
  } catch {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, bytes)
  }
}

function recordOf(source: string, first: number, last: number) {
  const received = last - first + 1
  const part = partName(source, first, last)
  const nights = { 'ztf/20260110': received }
  const sums = { received, alerts: received, quarantined: {}, duplicates: 0, nights }
  const rest = {
    modules: {},
    filters: {},
    files: [],
    siskin: 'bench',
    started: '2026-01-10',
    seconds: {}
  }
  return { part, source, first, last, ...sums, ...rest, attempt: 'g1-bench-1' }
}

/** Time and memory of a whole small run: what differs is its start. */
export function timeStart(lake: string, archive: string) {
  const began = performance.now()
  const args = ['jobs/siskin.js', 'run', archive, '--lake', lake, '--members', '1', '--json']
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  const { alerts, peak_memory_bytes: memory } = JSON.parse(stdout) as Record<string, number>
  return { ms: performance.now() - began, alerts: alerts ?? 0, memory: memory ?? 0 }
}
