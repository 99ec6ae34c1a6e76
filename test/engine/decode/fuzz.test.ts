import { DuckDBInstance } from '@duckdb/node-api'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { decodeRange } from '../../../engine/decode/decode.ts'
import type { DecodeResult } from '../../../engine/decode/decode.ts'
import { SchemaCache } from '../../../engine/decode/schemas.ts'
import { layAlerts, layQuarantine, nightsOf } from '../../../engine/lake/part.ts'
import { REASONS } from '../../../engine/reasons.ts'
import { Enriched } from '../../../engine/table/enriched.ts'
import type { AlertTable } from '../../../engine/table/table.ts'
import { Mutator } from '../../support/mutate.ts'
import {
  cell,
  cells,
  decode,
  hasReal,
  rangeOf,
  realLsst,
  realSchemas,
  realZtf,
  syntheticLsst,
  syntheticSchemas,
  syntheticZtf
} from '../../support/packets.ts'
import type { Packet } from '../../support/packets.ts'
import { random } from '../../support/random.ts'

const BATCH = 250
const ztf = hasReal ? realZtf() : syntheticZtf(50)
const lsst = hasReal ? realLsst() : syntheticLsst(20)
const registered = hasReal ? realSchemas() : syntheticSchemas()
if (!hasReal) console.log('fuzzing synthetic packets: no real ones are there')

/** All values of a row, by column. */
function rowOf(table: AlertTable, row: number): Record<string, unknown> {
  const names = [...table.columns.keys()].filter((name) => !name.startsWith('packet_'))
  const read = (name: string) => (/^(history|forced)_/.test(name) ? cells : cell)(table, name, row)
  return Object.fromEntries(names.map((name) => [name, read(name)]))
}

function expectConsistent({ alerts }: DecodeResult): void {
  for (const { table, origins } of alerts) {
    for (const { offsets, length, columns } of [table.history, table.forced]) {
      const own = offsets.subarray(0, table.rows + 1)
      expect(own[0]).toBe(0)
      expect(own.every((offset, i) => i === 0 || offset >= own[i - 1]!)).toBe(true)
      expect(own[table.rows]).toBe(length)
      expect(columns.every((column) => column.valid.length >= length)).toBe(true)
    }
    for (let row = 0; row < table.rows; row++) {
      const size = origins.buffers[origins.buffer[row]!]!.length
      expect(origins.start[row]! + origins.length[row]!).toBeLessThanOrEqual(size)
      const history = cells(table, 'history_mjd', row)
      expect(history.at(-1)).toBe(cell(table, 'mjd', row))
      expect(history.every((mjd, i) => i === 0 || Number(mjd) >= Number(history[i - 1]))).toBe(true)
      for (const { start, length } of Object.values(table.stamps)) {
        expect(length[row] === 0 || start[row]! + length[row]! <= size).toBe(true)
      }
    }
  }
}

/** Decodes a batch that ends in a good packet; that one must come out as if it were alone. */
async function expectLanding(batch: readonly Packet[], good: Packet, schemas: SchemaCache) {
  const range = await rangeOf([...batch, good])
  const options = { schemas, registered, surveys: ['ztf', 'lsst'] as const, claim: () => true }
  const result = decodeRange(range, options)
  const rows = result.alerts.reduce((sum, { table }) => sum + table.rows, 0)
  expect(rows + result.quarantined.length).toBe(range.count)
  const positions = new Set(result.quarantined.map(({ position }) => position))
  expect(positions.size).toBe(result.quarantined.length)
  expect([...positions].every((at) => at >= 0 && at < range.count)).toBe(true)
  expect(result.quarantined.every(({ reason }) => reason in REASONS)).toBe(true)
  expectConsistent(result)
  const alone = (await decode([good], { registered })).alerts[0]!.table
  const { table } = result.alerts.find((found) => found.table.survey === alone.survey)!
  expect(rowOf(table, table.rows - 1)).toEqual(rowOf(alone, 0))
  return { ...result, rows }
}

describe.each([
  ['ZTF', ztf, 7500],
  ['LSST', lsst, 2500],
  ['both', [...ztf, ...lsst], 1000]
] as const)('mutated %s packets', (_survey, packets, count) => {
  test(`all ${count} become alerts or go to quarantine`, async () => {
    const mutator = new Mutator(packets, [...registered.keys()], random(count))
    const schemas = new SchemaCache(() => {})
    let alerts = 0
    const reasons: Record<string, number> = {}
    for (let made = 0; made < count; made += BATCH) {
      const batch = Array.from({ length: BATCH }, (_, i) => mutator.next(`${made + i}`))
      const found = await expectLanding(batch, packets[made % packets.length]!, schemas)
      alerts += found.rows
      for (const { reason } of found.quarantined) reasons[reason] = (reasons[reason] ?? 0) + 1
    }
    // Both ends are reached: a fuzz that only ever fails early proves nothing.
    expect(alerts).toBeGreaterThan(count / 10)
    expect(Object.keys(reasons).length).toBeGreaterThan(5)
  })
})

describe('what mutated packets became', () => {
  test('is written to files that DuckDB opens', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'siskin-fuzz-'))
    const mutator = new Mutator([...ztf, ...lsst], [...registered.keys()], random(3))
    const schemas = new SchemaCache(() => {})
    let rows = 0
    let quarantined = 0
    for (let i = 0; i < 3; i++) {
      const batch = Array.from({ length: BATCH }, (_, j) => mutator.next(`${j}`))
      const result = await expectLanding(batch, ztf[0]!, schemas)
      const files = layQuarantine(`q${i}`, 'fuzz', result.quarantined, {})
      for (const { table, origins } of result.alerts) {
        const enriched = new Enriched(table)
        const packets = {
          schemaOf: (row: number) => origins.schemas[origins.schema[row]!]!,
          bytesOf: (row: number) => {
            const from = origins.start[row]!
            return origins.buffers[origins.buffer[row]!]!.subarray(
              from,
              from + origins.length[row]!
            )
          }
        }
        files.push(...layAlerts(`a${i}-${table.survey}`, enriched, nightsOf(enriched), packets, {}))
      }
      for (const { path, pieces } of files) {
        if (path.endsWith('.parquet')) {
          writeFileSync(join(folder, path.replaceAll('/', '-')), Buffer.concat(pieces))
        }
      }
      rows += result.rows
      quarantined += result.quarantined.length
    }
    const duck = await (await DuckDBInstance.create()).connect()
    const count = async (glob: string, what: string) => {
      const found = await duck.runAndReadAll(
        `SELECT ${what} FROM read_parquet('${folder}/${glob}')`
      )
      return found.getRows()[0]!
    }
    expect(await count('*alerts*', 'count(*), count(alert_id), count(len(history_mjd))')).toEqual([
      BigInt(rows),
      BigInt(rows),
      BigInt(rows)
    ])
    expect(await count('quarantine*', 'count(*), count(reason), count(packet)')).toEqual(
      Array.from({ length: 3 }, () => BigInt(quarantined))
    )
  })
})
