import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import type { DuckDBAppender, DuckDBConnection } from '@duckdb/node-api'
import type { Difference } from './differences.ts'

/** How far apart the numbers of a column are that changed. */
export interface Spread {
  readonly column: string
  readonly median: number
  readonly p90: number
  readonly p99: number
  readonly largest: number
}

export interface LargeDifference {
  readonly alertId: bigint
  readonly column: string
  readonly old: number
  readonly fresh: number
}

export interface Point {
  readonly old: number
  readonly fresh: number
}

/** Where a differing value was found. */
export interface Where {
  readonly survey: string
  readonly night: number
  readonly alertId: bigint
  readonly column: string
}

/** All values that differ, in a file of its own that goes when it is closed: they may be more than memory holds. */
export class DiffBook {
  readonly #folder: string
  readonly #instance: DuckDBInstance
  readonly #db: DuckDBConnection
  readonly #rows: DuckDBAppender

  private constructor(
    folder: string,
    instance: DuckDBInstance,
    db: DuckDBConnection,
    rows: DuckDBAppender
  ) {
    this.#folder = folder
    this.#instance = instance
    this.#db = db
    this.#rows = rows
  }

  static async open(): Promise<DiffBook> {
    const folder = await mkdtemp(join(tmpdir(), 'siskin-compare-'))
    const instance = await DuckDBInstance.create(join(folder, 'diff.duckdb'), {
      memory_limit: '512MB'
    })
    const db = await instance.connect()
    await db.run(
      `CREATE TABLE diff (survey VARCHAR, night INTEGER, alert_id BIGINT, "column" VARCHAR,
         old DOUBLE, "new" DOUBLE, old_text VARCHAR, new_text VARCHAR)`
    )
    return new DiffBook(folder, instance, db, await db.createAppender('diff'))
  }

  add({ survey, night, alertId, column }: Where, { old, fresh }: Difference): void {
    const rows = this.#rows
    rows.appendVarchar(survey)
    rows.appendInteger(night)
    rows.appendBigInt(alertId)
    rows.appendVarchar(column)
    for (const value of [old, fresh]) {
      if (typeof value === 'number') rows.appendDouble(value)
      else rows.appendNull()
    }
    for (const value of [old, fresh]) {
      if (typeof value === 'string') rows.appendVarchar(value)
      else rows.appendNull()
    }
    rows.endRow()
  }

  async spreads(): Promise<Spread[]> {
    return this.#ask<Spread>(
      `SELECT "column", quantile_cont(abs("new" - old), 0.5) median, quantile_cont(abs("new" - old), 0.9) p90,
         quantile_cont(abs("new" - old), 0.99) p99, max(abs("new" - old)) largest
       FROM diff WHERE old IS NOT NULL AND "new" IS NOT NULL GROUP BY "column"`
    )
  }

  /** The alerts with the largest changes, each with its largest: against the median change of the column. */
  async largest(count: number): Promise<LargeDifference[]> {
    return this.#ask<LargeDifference>(
      `WITH sized AS (SELECT alert_id, "column", old, "new",
           abs("new" - old) / median(abs("new" - old)) OVER (PARTITION BY "column") size
         FROM diff WHERE old IS NOT NULL AND "new" IS NOT NULL)
       SELECT alert_id "alertId", "column", old, "new" fresh FROM sized
       QUALIFY row_number() OVER (PARTITION BY alert_id ORDER BY size DESC, "column") = 1
       ORDER BY size DESC, alert_id LIMIT ${count}`
    )
  }

  /** Some of the changed numbers of a column, always the same. */
  async points(column: string, count: number): Promise<Point[]> {
    return this.#ask<Point>(
      `SELECT old, "new" fresh FROM (SELECT old, "new" FROM diff WHERE "column" = '${column}'
         AND old IS NOT NULL AND "new" IS NOT NULL) USING SAMPLE reservoir(${count} ROWS) REPEATABLE (1)`
    )
  }

  /** Writes all of it as Parquet. */
  async save(path: string): Promise<void> {
    this.#rows.flushSync()
    await this.#db.run(
      `COPY (SELECT * FROM diff ORDER BY alert_id, "column") TO '${path.replaceAll("'", "''")}' (FORMAT parquet, COMPRESSION zstd)`
    )
  }

  async #ask<T>(sql: string): Promise<T[]> {
    this.#rows.flushSync()
    return (await this.#db.runAndReadAll(sql)).getRowObjectsJS() as T[]
  }

  async close(): Promise<void> {
    this.#rows.closeSync()
    this.#db.closeSync()
    this.#instance.closeSync()
    await rm(this.#folder, { recursive: true, force: true })
  }
}
