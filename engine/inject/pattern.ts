import { DuckDBInstance } from '@duckdb/node-api'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { Survey } from '../contract/index.ts'
import { messageOf, SiskinError } from '../errors.ts'
import { alertFiles } from '../reread/alert-files.ts'
import type { Store } from '../store/store.ts'
import { localPaths } from '../truth/hdfs-copies.ts'
import { quoted, rows } from '../truth/tables.ts'

/** A pointing of the survey, and an exposure of it. Degrees, MJD UTC, mag, pixels; null: not known. */
interface ObservedPointing {
  readonly id: number
  readonly ra: number
  readonly dec: number
}

interface ObservedExposure {
  /** Place of its pointing among the pointings. */
  readonly pointing: number
  readonly band: string
  readonly mjd: number
  readonly limit: number
  readonly fwhm: number | null
}

/** How a night was observed, as its alerts and their light curves tell. */
export interface ObservedNight {
  readonly survey: Survey
  readonly pointings: readonly ObservedPointing[]
  readonly night: readonly ObservedExposure[]
  readonly before: readonly ObservedExposure[]
}

/** Visits of LSST whose centres are nearer than this share of a field's width are one pointing. */
const SAME_POINTING = 0.3
const LSST_WIDTH = 3.1

/** What alerts of a survey say of their exposure. Of LSST the depth is told by the errors of the faintest. */
const SAYS: Record<Survey, { key: string; limit: string; past: string; fwhm: string }> = {
  ztf: {
    key: 'ztf.field',
    limit: 'median(mag_limit)',
    past: 'median(past.l)',
    fwhm: 'median(ztf.fwhm)'
  },
  lsst: {
    key: 'coalesce(lsst.diaSource.visit, CAST(mjd * 1e4 AS BIGINT))',
    limit: '31.4 - 2.5 * log10(5 * quantile_cont(flux_err, 0.1))',
    past: '31.4 - 2.5 * log10(5 * quantile_cont(past.e, 0.1))',
    fwhm: 'median(2.355 * sqrt((lsst.diaSource.ixxPSF + lsst.diaSource.iyyPSF) / 2)) / 0.2'
  }
}

interface Row {
  readonly key: bigint | number
  readonly band: string
  readonly mjd: number
  readonly limit: number | null
}

interface NightRow extends Row {
  readonly fwhm: number | null
  readonly x: number
  readonly y: number
  readonly z: number
}

/**
 * The observing pattern of a night of the lake; alerts that were injected tell nothing of it. No exposure where none of its
 * alerts says where, when, in which band and how deep it was taken.
 */
export async function observedNight(
  store: Store,
  survey: Survey,
  night: number
): Promise<ObservedNight> {
  const all = await alertFiles(store, { first: night, last: night })
  const files = await localPaths(
    store,
    all.filter((file) => file.survey === survey)
  )
  const instance = await DuckDBInstance.create(':memory:')
  const db = await instance.connect()
  try {
    return await patternOf(db, survey, files)
  } catch (error) {
    throw new SiskinError(`night ${night} of ${survey} cannot be read: ${messageOf(error)}`)
  } finally {
    db.closeSync()
    instance.closeSync()
  }
}

async function patternOf(
  db: DuckDBConnection,
  survey: Survey,
  files: readonly string[]
): Promise<ObservedNight> {
  const { key, limit, past, fwhm } = SAYS[survey]
  await db.run(`CREATE VIEW alerts AS SELECT * FROM
    (SELECT * FROM read_parquet(${quoted(files)}, union_by_name = true)
     UNION ALL BY NAME (SELECT NULL::BOOLEAN AS injected LIMIT 0))
    WHERE injected IS NOT TRUE AND band IS NOT NULL AND ${key} IS NOT NULL`)
  const taken = await rows<NightRow>(
    db,
    `SELECT ${key} AS key, band, median(mjd) AS mjd, ${limit} AS "limit", ${fwhm} AS fwhm,
       avg(cos(radians("dec")) * cos(radians(ra))) AS x, avg(cos(radians("dec")) * sin(radians(ra))) AS y,
       avg(sin(radians("dec"))) AS z
     FROM alerts GROUP BY ${key}, band, round(mjd, 4) ORDER BY mjd, key`
  )
  const begin = taken[0]?.mjd ?? 0
  const earlier = await rows<Row>(
    db,
    `SELECT key, past.b AS band, median(past.m) AS mjd, ${past} AS "limit" FROM
       (SELECT ${key} AS key, unnest(list_transform(list_zip(history_mjd, history_band, history_mag_limit, history_flux_err),
          h -> {m: h[1], b: h[2], l: h[3], e: h[4]})) AS past FROM alerts)
     WHERE past.m < ${begin} AND past.b IS NOT NULL
     GROUP BY key, past.b, round(past.m, 4) ORDER BY mjd, key`
  )
  return assemble(survey, taken, earlier)
}

function assemble(
  survey: Survey,
  taken: readonly NightRow[],
  earlier: readonly Row[]
): ObservedNight {
  const pointings = new Pointings(survey)
  const night = taken.flatMap((row) => {
    const pointing = pointings.of(row)
    return isDeep(row) ? [{ ...exposure(row), pointing, fwhm: row.fwhm }] : []
  })
  const before = new Map<string, ObservedExposure>()
  for (const row of earlier) {
    const pointing = pointings.known(row.key)
    if (pointing === undefined || !isDeep(row)) continue
    const name = `${pointing} ${row.band} ${row.mjd.toFixed(4)}`
    if (!before.has(name)) before.set(name, { ...exposure(row), pointing, fwhm: null })
  }
  return { survey, pointings: pointings.all, night, before: [...before.values()] }
}

function isDeep<T extends Row>(row: T): row is T & { readonly limit: number } {
  return row.limit !== null && Number.isFinite(row.limit)
}

function exposure({ band, mjd, limit }: Row & { readonly limit: number }) {
  return { band, mjd, limit }
}

/** The pointings met so far: of ZTF its fields; of LSST visits that lie together. */
class Pointings {
  readonly all: ObservedPointing[] = []
  readonly #survey: Survey
  readonly #byKey = new Map<string, number>()

  constructor(survey: Survey) {
    this.#survey = survey
  }

  known(key: Row['key']): number | undefined {
    return this.#byKey.get(String(key))
  }

  of({ key, x, y, z }: NightRow): number {
    const known = this.known(key)
    if (known !== undefined) return known
    const place = {
      ra: ((Math.atan2(y, x) * 180) / Math.PI + 360) % 360,
      dec: (Math.atan2(z, Math.hypot(x, y)) * 180) / Math.PI
    }
    const near = this.#survey === 'lsst' ? this.all.findIndex((one) => isNear(one, place)) : -1
    const id = this.#survey === 'ztf' ? Number(key) : this.all.length
    const index = near >= 0 ? near : this.all.push({ id, ...place }) - 1
    this.#byKey.set(String(key), index)
    return index
  }
}

function isNear(a: Omit<ObservedPointing, 'id'>, b: Omit<ObservedPointing, 'id'>): boolean {
  const turn = Math.abs(a.ra - b.ra)
  const east = Math.min(turn, 360 - turn) * Math.cos((a.dec * Math.PI) / 180)
  return Math.hypot(east, a.dec - b.dec) < SAME_POINTING * LSST_WIDTH
}
