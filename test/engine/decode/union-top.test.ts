import { describe, expect, test } from 'vitest'
import { confluent, writeContainer } from '../../support/avro.ts'
import { cell, cells, decode, onlyTable, SYNTHETIC_ID } from '../../support/packets.ts'
import { encode, lsstAlert, lsstSchema, ztfAlert, ztfSchema } from '../../support/synthetic.ts'

/** A packet of a schema whose top is this union: the branch by its number goes before it. */
function ofZtf(
  union: unknown[],
  branch: number,
  datum: Uint8Array = encode(ztfSchema(), ztfAlert())
) {
  const bytes = Buffer.concat([Buffer.from([branch * 2]), datum])
  return { name: 'a.avro', bytes: writeContainer(JSON.stringify(union), [bytes]) }
}

const NOTHING = Buffer.alloc(0)

describe('a schema whose top is a union', () => {
  test.each([
    [['null', ztfSchema()], 1],
    [[ztfSchema(), 'null'], 0],
    [[ztfSchema()], 0],
    [['null', 'string', ztfSchema()], 2]
  ])('ZTF, %#: the alert as it is without', async (union, branch) => {
    const plain = writeContainer(JSON.stringify(ztfSchema()), [encode(ztfSchema(), ztfAlert())])
    const expected = onlyTable(await decode([{ name: 'a.avro', bytes: plain }]))
    const table = onlyTable(await decode([ofZtf(union, branch)]))
    for (const name of expected.columns.keys()) {
      const read = /^(history|forced)_/.test(name) ? cells : cell
      expect([name, read(table, name, 0)]).toEqual([name, read(expected, name, 0)])
    }
  })

  test('LSST, of a registry', async () => {
    const schema = ['null', lsstSchema()]
    const datum = Buffer.concat([Buffer.from([2]), encode(lsstSchema(), lsstAlert())])
    const registered = new Map([[SYNTHETIC_ID, Buffer.from(JSON.stringify(schema))]])
    const one = { name: 'a', bytes: confluent(SYNTHETIC_ID, datum) }
    const table = onlyTable(await decode([one], { registered }))
    expect(cell(table, 'alert_id', 0)).toBe(lsstAlert()['diaSourceId'])
    expect(cell(table, 'schema_version', 0)).toBe('11.0')
  })

  test.each([
    ['null', ['null', ztfSchema()], 0, NOTHING, 'missing-id', /it holds no alert/],
    ['no branch', ['null', ztfSchema()], 7, NOTHING, 'bad-union', /./],
    ['cut short', ['null', ztfSchema()], 1, NOTHING, 'truncated', /too early/],
    [
      'one of two records',
      [{ ...ztfSchema(), name: 'other' }, ztfSchema()],
      1,
      NOTHING,
      'wrong-survey',
      /./
    ]
  ])('%s: quarantine', async (_, union, branch, datum, reason, detail) => {
    const { quarantined } = await decode([ofZtf(union, branch, datum)])
    expect(quarantined).toMatchObject([{ reason }])
    expect(quarantined[0]!.detail).toMatch(detail)
  })
})
