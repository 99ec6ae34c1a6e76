import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DuckDBInstance } from '@duckdb/node-api'
import { beforeAll, describe, expect, test } from 'vitest'
import { sound } from '../../filters/blocks.ts'
import { readLedger } from '../../engine/lake/records.ts'
import { openStore } from '../../engine/store/open-store.ts'
import { topicIds } from '../../engine/truth/topic-ids.ts'
import { readersFrom } from '../support/columns.ts'
import { siskin, temporaryFolder } from '../support/siskin.ts'

const DATA = fileURLToPath(new URL('../../../shared/data/ztf/', import.meta.url))
const LSST = fileURLToPath(new URL('../../../shared/data/lsst/', import.meta.url))
const PACKETS = `${DATA}ztf_public_sample.tar.gz`
const hasData = existsSync(PACKETS)
if (!hasData) console.log(`skipped: filters on real alerts, no ${DATA}`)

/** What SIMBAD, TNS and the variable star catalogues call a star that varies. */
const VARIABLE = /RR|EB|Mira|LP|LongPeriod|V\*|Cep|delSct|Star|YSO|Orion|TTau/

/** By alert id. */
type Values = Record<string, Record<string, string | number>>

const valuesIn = (name: string) => JSON.parse(readFileSync(`${DATA}${name}`, 'utf8')) as Values

describe.skipIf(!hasData)("filters on 117 public ZTF alerts, by what Fink's columns say", () => {
  const lake = join(temporaryFolder(), 'lake')
  let topics: Map<string, string[]>
  let computed: Values
  let matched: Values
  const labels = (id: string) =>
    ['cdsxmatch', 'gcvs', 'vsx'].map((name) => `${matched[id]?.[name] ?? 'Unknown'}`)

  beforeAll(async () => {
    computed = valuesIn('fink_science_7_4_values.json')
    matched = valuesIn('fink_values.json')
    const { code, stderr } = await siskin(['run', PACKETS, '--lake', lake])
    expect(code, stderr).toBe(0)
    const store = openStore(lake)
    const ids = await topicIds(store, await readLedger(store))
    topics = new Map([...ids].map(([topic, list]) => [topic, list.map(String).sort()]))
  })

  test.each([
    ['fast-riser', ['(SIMBAD) SN', '(TNS) FRB', '(TNS) Nova', 'Unknown']],
    ['fast-fader', []],
    [
      'new-source',
      [
        '(SIMBAD) LINER',
        '(SIMBAD) Seyfert_2',
        '(SIMBAD) ULX?',
        '(TNS) FRB',
        '(TNS) Galaxy',
        '(TNS) TDE',
        'Unknown'
      ]
    ]
  ])('%s: no variable star, no moving object', (topic, expected) => {
    const kept = topics.get(topic) ?? []
    expect(new Set(kept.map((id) => labels(id)[0]))).toEqual(new Set(expected))
    expect(kept).toHaveLength(expected.length)
    for (const id of kept) {
      expect(computed[id]?.['roid'], id).not.toBe(3)
      for (const label of labels(id)) expect(label, id).not.toMatch(VARIABLE)
    }
  })

  test('solar-system-known: all that Fink knows, and no other', () => {
    const kept = topics.get('solar-system-known') ?? []
    const known = Object.keys(computed).filter((id) => computed[id]?.['roid'] === 3)
    expect(kept.filter((id) => !known.includes(id))).toEqual([])
    expect([kept.length, known.length]).toEqual([15, 15])
  })

  test('solar-system-candidate: none of them', () => {
    expect(topics.get('solar-system-candidate')).toEqual([])
  })
})

test.skipIf(!existsSync(LSST))(
  'sound: 9 of 14 real LSST alerts; two dipoles, a cosmic ray and two of low reliability are not',
  async () => {
    const lake = join(temporaryFolder(), 'lake')
    const { code, stderr } = await siskin([
      'run',
      LSST,
      '--lake',
      lake,
      '--schemas',
      `${LSST}schemas`
    ])
    expect(code, stderr).toBe(0)
    const db = await (await DuckDBInstance.create(':memory:')).connect()
    const names = Object.values(sound.requires).map(({ column }) => column)
    const own = names.filter((name) => !name.startsWith('ztf.'))
    const reader = await db.runAndReadAll(
      `SELECT alert_id::VARCHAR id, quality.pass pass, ${own.map((name) => `${name} AS "${name}"`).join(', ')}
       FROM read_parquet('${lake}/lsst/alerts/**/*.parquet') ORDER BY id`
    )
    const rows = reader.getRowObjectsJS()
    db.closeSync()
    const columns = Object.fromEntries(own.map((name) => [name, rows.map((row) => row[name])]))
    const isSound = sound.test({
      rows: rows.length,
      survey: 'lsst',
      columns: readersFrom(sound.requires, columns)
    })
    const left = rows.filter((_, row) => !isSound(row)).map(({ id }) => id)
    expect(left).toEqual([
      '169813006111211570',
      '169813006129561655',
      '169813006247002128',
      '169813007074328578',
      '7912941781254298'
    ])
    expect([rows.length, rows.filter(({ pass }) => pass === true).length]).toEqual([14, 2])
  }
)
