import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { readLedger } from '../../engine/persist/ledger.ts'
import { openStore } from '../../engine/persist/open-store.ts'
import { topicIds } from '../../engine/truth/topic-ids.ts'
import { siskin, temporaryFolder } from '../support/siskin.ts'

const DATA = fileURLToPath(new URL('../../../shared/data/ztf/', import.meta.url))
const PACKETS = `${DATA}ztf_public_sample.tar.gz`
const hasData = existsSync(PACKETS)
if (!hasData) console.log(`skipped: filters on real alerts, no ${DATA}`)

/** What SIMBAD, TNS and the variable star catalogues call a star that varies. */
const VARIABLE = /RR|EB|Mira|LP|LongPeriod|V\*|Cep|delSct|Star|YSO|Orion|TTau/

describe.skipIf(!hasData)("filters on 117 public ZTF alerts, by what Fink's columns say", () => {
  const lake = join(temporaryFolder(), 'lake')
  let topics: Map<string, string[]>
  const json = (name: string) =>
    JSON.parse(readFileSync(`${DATA}${name}`, 'utf8')) as Record<
      string,
      Record<string, string | number>
    >
  const computed = json('fink_science_7_4_values.json')
  const matched = json('fink_values.json')
  const labels = (id: string) =>
    ['cdsxmatch', 'gcvs', 'vsx'].map((name) => `${matched[id]?.[name] ?? 'Unknown'}`)

  beforeAll(async () => {
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
