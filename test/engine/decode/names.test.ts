import { describe, expect, test } from 'vitest'
import { confluent, writeContainer } from '../../support/avro.ts'
import type { Datum } from '../../support/avro.ts'
import { cell, cells, decode, onlyTable, SYNTHETIC_ID } from '../../support/packets.ts'
import { encode, lsstAlert, lsstSchema, ztfAlert, ztfSchema } from '../../support/synthetic.ts'

/** Names of schemas 3 and 4 and of ELAsTiCC, by today's. */
const OLD: Record<string, string> = {
  visit: 'ccdVisitId',
  midpointMjdTai: 'midPointTai',
  band: 'filterName',
  dec: 'decl',
  psfFlux: 'psFlux',
  psfFluxErr: 'psFluxErr',
  scienceFlux: 'totFlux',
  scienceFluxErr: 'totFluxErr'
}

/** A schema or a value with other names, at every depth. */
function renamed(json: unknown, names: Readonly<Record<string, string>>): unknown {
  if (Array.isArray(json)) return json.map((one) => renamed(one, names))
  if (typeof json !== 'object' || json === null || Buffer.isBuffer(json)) return json
  return Object.fromEntries(
    Object.entries(json).map(([key, value]) => [
      names[key] ?? key,
      key === 'name' && typeof value === 'string' ? (names[value] ?? value) : renamed(value, names)
    ])
  )
}

async function decodeAs(namespace: string, names: Readonly<Record<string, string>>, drop = '') {
  const schema = renamed({ ...lsstSchema(), namespace }, names) as ReturnType<typeof lsstSchema>
  schema.fields = schema.fields.filter(({ name }) => name !== drop)
  const bytes = confluent(SYNTHETIC_ID, encode(schema, renamed(lsstAlert(), names) as Datum))
  const registered = new Map([[SYNTHETIC_ID, Buffer.from(JSON.stringify(schema))]])
  const warnings: string[] = []
  const warn = (message: string) => warnings.push(message)
  const result = await decode([{ name: 'one', bytes }], { registered, warn })
  return { result, warnings }
}

describe('older names of LSST', () => {
  test.each(['lsst.v3_0', 'lsst.v4_1', ''])(
    'namespace "%s": the same light curve and columns',
    async (namespace) => {
      const today = onlyTable((await decodeAs('lsst.v11_0', {})).result)
      const { result, warnings } = await decodeAs(namespace, OLD)
      const table = onlyTable(result)
      expect(warnings).toEqual([])
      for (const name of today.columns.keys()) {
        if (name === 'schema_version') continue
        const read = /^(history|forced)_/.test(name) ? cells : cell
        expect([name, read(table, name, 0)]).toEqual([name, read(today, name, 0)])
      }
      expect(cells(table, 'history_forced', 0)).toEqual([0, 1, 1, 0, 0])
    }
  )

  test('a list whose times have a name that is not known: unsupported, and said', async () => {
    const { result, warnings } = await decodeAs('lsst.v12_0', { midpointMjdTai: 'obsTime' })
    expect(result.quarantined.map(({ reason }) => reason)).toEqual(['unsupported'])
    expect(warnings.some((line) => line.includes('midpointMjdTai in prvDiaSources'))).toBe(true)
  })

  test('an older name beside the one of today gives way to it', async () => {
    const schema = lsstSchema()
    schema.fields.push({ name: 'x', type: 'int' })
    const source = schema.fields.find(({ name }) => name === 'diaSource')!.type as {
      fields: { name: string; type: unknown }[]
    }
    source.fields.push({ name: 'decl', type: 'double' }, { name: 'filterName', type: 'int' })
    const own = { ...(lsstAlert()['diaSource'] as Datum), decl: 80, filterName: 4 }
    const past = (lsstAlert()['prvDiaSources'] as Datum[]).map((one) => ({
      ...one,
      decl: 80,
      filterName: 4
    }))
    const alert = { ...lsstAlert(), x: 1, diaSource: own, prvDiaSources: past }
    const registered = new Map([[SYNTHETIC_ID, Buffer.from(JSON.stringify(schema))]])
    const bytes = confluent(SYNTHETIC_ID, encode(schema, alert))
    const warnings: string[] = []
    const warn = (message: string) => warnings.push(message)
    const table = onlyTable(await decode([{ name: 'one', bytes }], { registered, warn }))
    expect([cell(table, 'dec', 0), cell(table, 'band', 0), warnings]).toEqual([-28.25, 'r', []])
    expect(cells(table, 'history_dec', 0)).toEqual([-28.25, null, null, -28.25, -28.25])
  })
})

describe('the survey is told by what identifies it', () => {
  const asZtf = async (change: (schema: ReturnType<typeof ztfSchema>) => void) => {
    const schema = ztfSchema()
    const alert = ztfAlert()
    const bytes = encode(schema, alert)
    change(schema)
    const packet = { name: 'a', bytes: writeContainer(JSON.stringify(schema), [bytes]) }
    const { alerts, quarantined } = await decode([packet])
    return alerts.length === 1 ? alerts[0]!.table.survey : quarantined[0]!.reason
  }

  test.each([
    ['ztf', 'ztf'],
    ['ZTF', 'ztf'],
    ['ztf.alert', 'ztf'],
    ['', 'ztf'],
    ['winter', 'wrong-survey'],
    ['pgir', 'wrong-survey'],
    ['turbo.alert', 'wrong-survey'],
    ['lsst.v10_0', 'wrong-survey']
  ])('ZTF fields in namespace "%s": %s', async (namespace, expected) => {
    expect(await asZtf((schema) => (schema.namespace = namespace))).toBe(expected)
  })

  test('few of ZTF fields, in whatever namespace, are not ZTF', async () => {
    const kept = ['jd', 'fid', 'candid', 'isdiffpos', 'ra', 'dec', 'magpsf', 'sigmapsf']
    for (const namespace of ['ztf', '', 'infrared']) {
      const reason = await asZtf((schema) => {
        schema.namespace = namespace
        const candidate = schema.fields.find(({ name }) => name === 'candidate')!.type as {
          fields: { name: string }[]
        }
        candidate.fields = candidate.fields.filter(({ name }) => kept.includes(name))
      })
      expect(reason).toBe('wrong-survey')
    }
  })
})

test('without a namespace, most of ZTF fields are not ZTF: others have copied them', async () => {
  const others = ['pid', 'rcid', 'rfid'] // WINTER has none of these, and most others
  const reason = async (namespace: string) => {
    const schema = { ...ztfSchema(), namespace }
    const alert = encode(schema, ztfAlert())
    const candidate = schema.fields.find(({ name }) => name === 'candidate')!.type as {
      fields: { name: string }[]
    }
    candidate.fields = candidate.fields.filter(({ name }) => !others.includes(name))
    const bytes = writeContainer(JSON.stringify(schema), [alert])
    return (await decode([{ name: 'a', bytes }])).quarantined[0]?.reason
  }
  expect(await reason('')).toBe('wrong-survey')
  expect(await reason('ztf')).not.toBe('wrong-survey')
})

describe('containers to the letter', () => {
  const text = JSON.stringify(ztfSchema())
  const data = [0, 1, 2].map((i) => encode(ztfSchema(), ztfAlert(i)))
  const whole = writeContainer(text, data, 'null', 1)
  const sync = whole.subarray(-16)
  const head = writeContainer(text, [], 'null', 1)

  test('a header and nothing else holds no packets', async () => {
    const result = await decode([
      { name: 'empty.avro', bytes: head },
      { name: 'some.avro', bytes: whole }
    ])
    expect([onlyTable(result).rows, result.quarantined]).toEqual([3, []])
  })

  test('blocks of no objects are stepped over, wherever they are', async () => {
    const none = Buffer.concat([Buffer.of(0, 0), sync])
    const withBytes = Buffer.concat([Buffer.of(0, 8), Buffer.from('junk'), sync])
    const blocks = whole.subarray(head.length)
    const bytes = Buffer.concat([head, none, withBytes, blocks, none, blocks, none])
    const result = await decode([{ name: 'a.avro', bytes }])
    expect([onlyTable(result).rows, result.quarantined]).toEqual([6, []])
  })
})
