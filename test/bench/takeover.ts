import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { attemptsAt } from '../../engine/lake/two-phase-commit.ts'
import { lastSpan, ledgerPath } from '../../engine/lake/ledger.ts'
import { openStore } from '../../engine/store/open-store.ts'
import type { Store } from '../../engine/store/store.ts'
import { recoverPartition } from '../../engine/stream/commit/recovery.ts'
import { startHdfs } from '../cluster/cluster.ts'

// What it costs to take a partition over, by how much the lake holds of it already.
const PARTS = [100, 10_000, 1_000_000]
const PACKETS_A_PART = 60
const ROUNDS = 5

async function timeTakeover(store: Store, position: number): Promise<number> {
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const began = performance.now()
    const attempts = await attemptsAt(store, 'live-0')
    await lastSpan(store, 'live-0')
    await recoverPartition(store, 'live-0', { position, generation: 1 }, attempts)
    times.push(performance.now() - began)
  }
  return times.sort((a, b) => a - b)[ROUNDS >> 1]!
}

/** Records of parts, empty: a takeover reads none of those that are in their places. */
function fill(root: string, parts: number): void {
  for (let part = 0; part < parts; part++) {
    const first = part * PACKETS_A_PART
    const path = join(root, ledgerPath('live-0', first, first + PACKETS_A_PART - 1))
    if (part % 1000 === 0 || part < 2) mkdirSync(dirname(path), { recursive: true })
    try {
      writeFileSync(path, '')
    } catch {
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, '')
    }
  }
}

/**
 * On HDFS the same shape without all of its files: as many folders beside each other as a million parts make, and
 * the newest of them full.
 */
async function fillHdfs(store: Store, parts: number): Promise<void> {
  const end = parts * PACKETS_A_PART
  const writes: (() => Promise<unknown>)[] = []
  const add = (first: number) =>
    writes.push(() => store.write(ledgerPath('live-0', first, first + PACKETS_A_PART - 1), []))
  for (let group = 0; group < end; group += 5_000_000) add(group)
  const newest = Math.floor((end - 1) / 5_000_000) * 5_000_000
  for (let block = newest; block < end; block += 5000) if (block > newest) add(block)
  const last = Math.floor((end - 1) / 5000) * 5000
  for (let first = last + PACKETS_A_PART; first < end; first += PACKETS_A_PART) add(first)
  for (let i = 0; i < writes.length; i += 8) {
    await Promise.all(writes.slice(i, i + 8).map((write) => write()))
  }
}

const rows: [string, number, number][] = []
for (const parts of PARTS) {
  const root = mkdtempSync(join(tmpdir(), 'siskin-takeover-'))
  fill(root, parts)
  rows.push(['local', parts, await timeTakeover(openStore(root), parts * PACKETS_A_PART)])
  rmSync(root, { recursive: true })
}
const hdfs = await startHdfs()
try {
  for (const parts of PARTS) {
    const store = openStore(`${hdfs.root}/takeover-${parts}`)
    await fillHdfs(store, parts)
    rows.push(['hdfs', parts, await timeTakeover(store, parts * PACKETS_A_PART)])
  }
} finally {
  await hdfs.stop()
}
console.log('taking a partition over, median of', ROUNDS)
for (const [kind, parts, ms] of rows) {
  console.log(
    `${kind.padEnd(6)} ${String(parts).padStart(9)} parts  ${ms.toFixed(1).padStart(7)} ms`
  )
}
