import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ledgerPath } from '../../engine/lake/ledger.ts'
import { tarOf } from '../support/archives.ts'
import { writeContainer } from '../support/avro.ts'
import { ask } from '../support/ask.ts'
import { temporaryFolder } from '../support/siskin.ts'
import { encode, ztfAlert, ztfSchema } from '../support/synthetic.ts'
import { recordsIn, runInto, verdictOf } from './support.ts'

const schema = ztfSchema()

/** An alert as its survey sent it, or sent it again with other bytes. */
function packet(index: number, version: 'first' | 'corrected') {
  const datum = encode(schema, ztfAlert(index, { publisher: version }))
  const bytes = writeContainer(JSON.stringify(schema), [datum])
  return { name: `${index}-${version}.avro`, bytes }
}

test.each([
  ['before', ['corrected', 'first']],
  ['behind', ['first', 'corrected']]
] as const)(
  'a gap with a correction that lies %s its first version, which another source has',
  async (_, versions) => {
    const folder = temporaryFolder()
    const [lake, other, night] = ['lake', 'other.tar', 'night.tar'].map((n) => join(folder, n))
    writeFileSync(other!, tarOf([0, 1].map((index) => packet(index, 'first'))))
    const again = [0, 1, 2].flatMap((index) => versions.map((version) => packet(index, version)))
    writeFileSync(night!, tarOf(again))
    await runInto(lake!, other!)
    await runInto(lake!, night!)
    const before = await verdictOf(lake!, '--deep')
    // of 0 and 1 the correction, of 2 both versions
    expect(before).toMatchObject({ ok: true, alerts: 6, duplicates: 2, distinct: 3 })
    const record = recordsIn(lake!).find(({ source }) => source.startsWith('night'))!
    rmSync(join(lake!, ledgerPath(record.source, record.first, record.last)))
    const mended = await ask(['repair', '--lake', lake!, '--yes'])
    expect(mended.code, mended.stdout).toBe(0)
    expect(await verdictOf(lake!, '--deep')).toEqual(before)
    const made = recordsIn(lake!).find(({ source }) => source === record.source)!
    expect([made.marks, made.copies]).toEqual([record.marks, record.copies])
  }
)
