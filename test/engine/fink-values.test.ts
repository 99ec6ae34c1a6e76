import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { openSources } from '../../engine/consume/open.ts'
import { DEFAULT_CUT } from '../../engine/consume/scanner.ts'
import { decodeRange } from '../../engine/decode/decode.ts'
import { SchemaCache } from '../../engine/decode/schemas.ts'
import { enrich } from '../../engine/enrich/enrich.ts'
import { makePlan } from '../../engine/enrich/plan.ts'
import { ModuleRunner } from '../../engine/enrich/run-module.ts'
import { valueAt } from '../../engine/table/columns.ts'
import type { Enriched } from '../../engine/table/enriched.ts'
import { filters } from '../../filters/registry.ts'
import { modules } from '../../science-modules/registry.ts'
import { FINK_NUMBER, classify } from '../../science-modules/solar_system/rules.ts'

const DATA = fileURLToPath(new URL('../../../shared/data/ztf/', import.meta.url))
const PACKETS = `${DATA}ztf_public_sample.tar.gz`
const VALUES = `${DATA}fink_science_7_4_values.json`
const hasData = existsSync(PACKETS) && existsSync(VALUES)
if (!hasData) console.log(`skipped: comparison with Fink's values, no ${DATA}`)

/** Of the 117; the largest is 9.0e-6, of a slope over a short time. */
const TOLERANCE = 1e-5
const FINK_COUNTERPART_RADIUS = 5
const JD_OF_MJD_0 = 2_400_000.5

/** Fink adds a reference source that is too far from the alert itself, or not star-like. */
const NO_STAR_UNDER_IT = [
  '1105522281015015000',
  '1127561440015015001',
  '1127561442515015001',
  '1127561445515015011',
  '1473127323015010000',
  '2658448332915015015',
  '2663279756115015007',
  '2667448574015015003'
]

/** Null below two points here, zero in Fink. */
const SPREADS = [
  'amplitude',
  'inter_percentile_range_10',
  'median_absolute_deviation',
  'median_buffer_range_percentage_10',
  'percent_amplitude'
]

interface FinkValues {
  nalerthist: number
  roid: number
  jd_first_real_det: number
  jdstarthist_dt: number
  mag_rate: number
  sigma_rate: number
  delta_time: number
  from_upper: boolean
  lc_features_g: Record<string, number | null> | null
  lc_features_r: Record<string, number | null> | null
}

type Value = number | bigint | string | null

/** One alert of the enriched table beside what Fink computes for it. */
interface Pair {
  readonly candid: string
  readonly fink: FinkValues
  ours(column: string): Value
  number(column: string): number | null
  times(): Float64Array
}

describe.skipIf(!hasData)("117 public ZTF alerts against Fink's published code (7.4.0)", () => {
  let pairs: Pair[] = []
  beforeAll(async () => {
    pairs = await readPairs()
  })

  test('every alert has its values', () => {
    expect(pairs.length).toBe(117)
  })

  test('number of detections: an exposure with two entries counts once', () => {
    const different = pairs.filter((p) => p.ours('detections.n_detections') !== p.fink.nalerthist)
    expect(
      different.map((p) => [p.candid, p.ours('detections.n_detections'), p.fink.nalerthist])
    ).toEqual([['2475433850315015009', 37, 38]])
  })

  test('Solar System class: equal with a counterpart radius of 5 arcsec', () => {
    const different = pairs.filter(
      (p) => FINK_NUMBER[classify(sighting(p), FINK_COUNTERPART_RADIUS).class] !== p.fink.roid
    )
    expect(different.map((p) => p.candid)).toEqual([])
  })

  test('Solar System class: the radius of 1.5 arcsec changes one alert', () => {
    const different = pairs.filter((p) => p.ours('solar_system.roid') !== p.fink.roid)
    expect(different.map((p) => p.candid)).toEqual(['2667448574015015003'])
  })

  test.each(['g', 'r'] as const)('the 26 features in %s, nulls included', (band) => {
    const compared = pairs.filter((p) => p.fink[`lc_features_${band}`] !== null)
    const differences = compared.flatMap((p) =>
      Object.entries(p.fink[`lc_features_${band}`] ?? {})
        .filter(
          ([name]) => p.number(`detections.${band}.n_detections`)! > 1 || !SPREADS.includes(name)
        )
        .filter(([name, theirs]) => !agree(p.number(`features.${band}.${name}`), theirs))
        .map(([name, theirs]) => [p.candid, name, p.number(`features.${band}.${name}`), theirs])
    )
    const others = differences.filter(([candid]) => !NO_STAR_UNDER_IT.includes(String(candid)))
    expect(others).toEqual([])
    expect(compared.length).toBe(band === 'g' ? 109 : 116)
  })

  test('features and apparent agree on when a source lies under the alert', () => {
    const answers = pairs.flatMap((p) => {
      const band = String(p.ours('band'))
      if (p.number(`detections.${band}.n_detections`) !== 1) return []
      const onSource = p.ours('apparent.source') !== null
      const mag = p.number(onSource ? 'apparent.mag' : 'mag')
      expect(p.number(`features.${band}.mean`), p.candid).toBeCloseTo(mag!, 6)
      return [onSource]
    })
    expect(answers.filter(Boolean).length).toBeGreaterThan(5)
    expect(answers.filter((onSource) => !onSource).length).toBeGreaterThan(10)
    const host = pairs.filter((p) => NO_STAR_UNDER_IT.includes(p.candid))
    expect(host.map((p) => p.ours('apparent.source'))).toEqual(host.map(() => null))
    expect(host.length).toBe(NO_STAR_UNDER_IT.length)
  })

  test('a superluminous supernova on a galaxy keeps its own magnitude', () => {
    const supernova = pairs.find((p) => p.candid === '2658448332915015015')!
    expect(supernova.number('mag')).toBeCloseTo(19.126, 3)
    expect(Math.abs(supernova.number('features.r.mean')! - 19.126)).toBeLessThan(0.3)
  })

  test('a band that Fink drops for a repeated time stamp is kept', () => {
    const kept = (['g', 'r'] as const).flatMap((band) =>
      pairs
        .filter((p) => p.fink[`lc_features_${band}`] === null)
        .filter((p) => p.ours(`features.${band}.mean`) !== null)
        .map((p) => `${p.candid} ${band}`)
    )
    expect(kept).toEqual(['2475433850315015009 r'])
  })

  test('first detection in the packet, and since the start of the survey', () => {
    for (const p of pairs) {
      expect(p.number('rate.first_detection_mjd'), p.candid).toBeCloseTo(
        p.fink.jd_first_real_det - JD_OF_MJD_0,
        8
      )
      expect(p.number('rate.jdstarthist_dt'), p.candid).toBeCloseTo(p.fink.jdstarthist_dt, 8)
    }
  })

  test('the earlier point of the rate', () => {
    for (const p of pairs) {
      expect(p.number('rate.delta_time'), p.candid).toBeCloseTo(p.fink.delta_time, 8)
      expect(p.ours('rate.from_upper') === 1, p.candid).toBe(p.fink.from_upper)
    }
  })

  test("the rate itself, free of the batch shift, lies within two of Fink's deviations", () => {
    for (const p of pairs) {
      const distance = Math.abs((p.number('rate.mag_rate') ?? Number.NaN) - p.fink.mag_rate)
      expect(distance, p.candid).toBeLessThan(2 * p.fink.sigma_rate)
    }
  })
})

function agree(ours: number | null, theirs: number | null): boolean {
  if (ours === null || theirs === null) return ours === theirs
  return Math.abs(ours - theirs) <= TOLERANCE * Math.abs(theirs) + 1e-12
}

function sighting(p: Pair) {
  const times = p.times()
  return {
    surveyDetections: p.number('detections.n_survey'),
    detections: p.number('detections.n_detections'),
    lastGap: times.length < 2 ? null : times.at(-1)! - times.at(-2)!,
    starScore: p.number('ztf.sgscore1'),
    counterpartDistance: p.number('ztf.distpsnr1'),
    objectDistance: p.number('ztf.ssdistnr')
  }
}

async function readPairs(): Promise<Pair[]> {
  const fink = JSON.parse(readFileSync(VALUES, 'utf8')) as Record<string, FinkValues>
  const plan = makePlan(modules, filters)
  const runner = new ModuleRunner((_, message) => {
    throw new Error(message)
  })
  const options = {
    schemas: new SchemaCache(() => {}),
    registered: new Map(),
    surveys: ['ztf'] as const,
    claim: () => true
  }
  const pairs: Pair[] = []
  for (const source of await openSources([PACKETS])) {
    for await (const range of source.ranges(whole)) {
      for (const { table } of decodeRange(range, options).alerts) {
        const enriched = await enrich(table, plan, { runner, stopped: new Set(), onStart() {} })
        for (let row = 0; row < table.rows; row++) pairs.push(pairOf(enriched, row, fink))
      }
    }
  }
  return pairs
}

const whole = {
  done: [],
  cut: DEFAULT_CUT,
  onRead() {},
  allocate: (bytes: number) => new ArrayBuffer(bytes)
}

function pairOf(enriched: Enriched, row: number, fink: Record<string, FinkValues>): Pair {
  const ours = (name: string): Value => {
    const column = enriched.column(name)
    if (!column) throw new Error(`no column ${name}`)
    return valueAt(column, row) as Value
  }
  const candid = String(ours('alert_id'))
  const { offsets } = enriched.table.history
  const times = enriched.table.fixed('history_mjd').values as Float64Array
  return {
    candid,
    fink: fink[candid]!,
    ours,
    number: (name) => {
      const value = ours(name)
      return value === null ? null : Number(value)
    },
    times: () => times.subarray(offsets[row], offsets[row + 1])
  }
}
