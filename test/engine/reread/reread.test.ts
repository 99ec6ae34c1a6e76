import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Decoded } from '../../../engine/decode/decode.ts'
import { enrich } from '../../../engine/enrich/enrich.ts'
import { makePlan } from '../../../engine/enrich/plan.ts'
import { ModuleRunner } from '../../../engine/enrich/run-module.ts'
import { localStore } from '../../../engine/store/local.ts'
import { PartFile } from '../../../engine/reread/part-file.ts'
import { reread } from '../../../engine/reread/reread.ts'
import type { Reread } from '../../../engine/reread/reread.ts'
import { TextColumn, valueAt } from '../../../engine/table/columns.ts'
import type { Column } from '../../../engine/table/columns.ts'
import type { Enriched } from '../../../engine/table/enriched.ts'
import { ALERT_COLUMNS } from '../../../engine/table/schema.ts'
import { modules } from '../../../science-modules/registry.ts'
import {
  decode,
  describeReal,
  realLsst,
  realSchemas,
  realZtf,
  rowOf,
  syntheticLsst,
  syntheticSchemas,
  syntheticZtf
} from '../../support/packets.ts'
import type { Packet } from '../../support/packets.ts'
import { contentOf, lay } from '../../support/parts.ts'
import { temporaryFolder } from '../../support/siskin.ts'

const plan = makePlan(modules, [])
const NEEDED = new Set(ALERT_COLUMNS.map(({ name }) => name))
const options = () => ({
  runner: new ModuleRunner((_, message) => expect.fail(message)),
  stopped: new Set<string>(),
  onStart() {}
})

/** Values of rows as their own type, where they say something: bit for bit, so NaN is not hidden. */
function valuesOf(column: Column | undefined, rows: readonly number[]): unknown[] {
  if (!column) return rows.map(() => null)
  return rows.map((row) => valueAt(column, row))
}

/** Writes the alerts as a run does, and reads each of its files back. */
async function there(decoded: Decoded, batch: Enriched): Promise<[rows: number[], Reread][]> {
  const folder = temporaryFolder()
  const store = localStore(folder)
  const read: [number[], Reread][] = []
  for (const file of lay('part', decoded, batch)) {
    if (!file.path.endsWith('.parquet')) continue
    mkdirSync(dirname(join(folder, file.path)), { recursive: true })
    writeFileSync(join(folder, file.path), contentOf(file))
    const night = Number(/night=(\d+)/.exec(file.path)![1])
    const { survey } = decoded.table
    const part = await PartFile.open(store, file.path)
    expect(part.rowGroups).toBe(1)
    const back = await reread(part, 0, { survey, night, needed: NEEDED, made: plan.columns })
    const ids = [...(back.table.fixed('alert_id').values as BigInt64Array)]
    read.push([ids.map((id) => rowOf(decoded.table, id)), back])
    part.close()
  }
  return read
}

function suite(packets: () => readonly Packet[], registered: () => Map<number, Uint8Array>): void {
  let decoded: Decoded
  let batch: Enriched
  let read: [number[], Reread][]

  beforeAll(async () => {
    decoded = (await decode(packets(), { registered: registered() })).alerts[0]!
    batch = await enrich(decoded.table, plan, options())
    read = await there(decoded, batch)
  })

  test('every column of the alert table is as it was decoded, and what lies in lists too', () => {
    expect(read.reduce((sum, [rows]) => sum + rows.length, 0)).toBe(decoded.table.rows)
    for (const [rows, { table }] of read) {
      const all = rows.map((_, i) => i)
      for (const { name, list } of ALERT_COLUMNS) {
        const before = decoded.table.columns.get(name)
        const after = table.columns.get(name)
        if (!list) {
          expect(valuesOf(after, all), name).toEqual(valuesOf(before, rows))
          continue
        }
        for (const [i, row] of rows.entries()) {
          const span = (offsets: Int32Array, at: number) => {
            return Array.from(
              { length: offsets[at + 1]! - offsets[at]! },
              (_, n) => offsets[at]! + n
            )
          }
          const [from, to] = [span(decoded.table[list].offsets, row), span(table[list].offsets, i)]
          expect(valuesOf(after, to), name).toEqual(valuesOf(before, from))
          if (before instanceof TextColumn || after instanceof TextColumn) continue
          // modules see what lies under a null too
          expect(
            to.map((at) => after!.values[at]),
            name
          ).toEqual(from.map((at) => before!.values[at]))
        }
      }
    }
  })

  test('what the modules made then is there, and they make the same of it again', async () => {
    for (const [rows, { table, made }] of read) {
      const again = await enrich(table, plan, options())
      const all = rows.map((_, i) => i)
      for (const { name } of plan.columns) {
        const before = valuesOf(batch.columns.get(name), rows)
        expect(valuesOf(made.get(name), all), name).toEqual(before)
        expect(valuesOf(again.columns.get(name), all), name).toEqual(before)
      }
    }
  })
}

describe('synthetic ZTF alerts, read back', () => suite(() => syntheticZtf(40), syntheticSchemas))
describe('synthetic LSST alerts, read back', () => suite(() => syntheticLsst(40), syntheticSchemas))
describeReal('real ZTF alerts, read back', () => suite(realZtf, realSchemas))
describeReal('real LSST alerts, read back', () => suite(realLsst, realSchemas))
