import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { StatementSync } from 'node:sqlite'
import { pixelsAround } from '../../table/healpix-neighbours.ts'
import { healpixNested } from '../../table/healpix.ts'
import type { Near, Place } from './service.ts'

/** Pixels of 0.8 arcsec: an object seen again lies in the one of before, or beside it. */
const ORDER = 18
/** So near to a place that was asked, as a share of the radius, its answer holds. */
const SAME = 0.25
const DAY_MS = 86_400_000
/** For how long an answer holds: what is there stays, what is not may be found. */
const HOLDS_MS = { found: 30 * DAY_MS, none: 7 * DAY_MS }

const RAD = Math.PI / 180

interface Row {
  readonly ra: number
  readonly dec: number
  readonly separation: number | null
  readonly values: string
}

/** What a service answered, by the place on the sky: kept from night to night, shared by all members of a machine. */
export class AnswerBook {
  readonly #db: DatabaseSync
  readonly #find: StatementSync
  readonly #keep: StatementSync
  readonly #radius: number

  /** @param path of its file; `:memory:` for none. @param question what was asked besides the place: answers of others do not hold. @param radius arc seconds */
  constructor(path: string, question: string, radius: number) {
    if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true })
    this.#radius = radius
    this.#db = new DatabaseSync(path, { timeout: 10_000 })
    this.#db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
    this.#db.exec(
      'CREATE TABLE IF NOT EXISTS answers (question TEXT, pixel INTEGER, ra REAL, dec REAL, separation REAL, "values" TEXT, until REAL, PRIMARY KEY (question, pixel)) WITHOUT ROWID'
    )
    this.#db.prepare('DELETE FROM answers WHERE until < ?').run(Date.now())
    const own = `question = ${quoted(question)}`
    this.#find = this.#db.prepare(
      `SELECT ra, dec, separation, "values" FROM answers WHERE ${own} AND pixel = ? AND until > ?`
    )
    this.#keep = this.#db.prepare(
      `INSERT OR REPLACE INTO answers VALUES (${quoted(question)}, ?, ?, ?, ?, ?, ?)`
    )
  }

  /** Null: nothing is there. Undefined: it is not known any more. */
  find({ ra, dec }: Place): Near | null | undefined {
    for (const pixel of pixelsAround(ra, dec, ORDER)) {
      const row = this.#find.get(pixel, Date.now()) as Row | undefined
      if (!row || apart(row, { ra, dec }) > SAME * this.#radius) continue
      if (row.separation === null) return null
      return { separation: row.separation, values: JSON.parse(row.values) as Near['values'] }
    }
    return undefined
  }

  keep(places: readonly Place[], answers: readonly (Near | null)[]): void {
    this.#db.exec('BEGIN IMMEDIATE')
    for (const [i, { ra, dec }] of places.entries()) {
      const near = answers[i] ?? null
      const until = Date.now() + (near ? HOLDS_MS.found : HOLDS_MS.none)
      const values = near ? JSON.stringify(near.values) : ''
      const pixel = healpixNested(ra, dec, ORDER)
      this.#keep.run(pixel, ra, dec, near?.separation ?? null, values, until)
    }
    this.#db.exec('COMMIT')
  }
}

/** Arc seconds; flat, for places that are near. */
function apart(a: Place, b: Place): number {
  const east = (((a.ra - b.ra + 540) % 360) - 180) * Math.cos(a.dec * RAD)
  return Math.hypot(east, a.dec - b.dec) * 3600
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
