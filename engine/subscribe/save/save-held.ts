import { toParquet } from '../../lake/files/parquet.ts'
import { SISKIN_VERSION } from '../../version.ts'
import type { Alert, AlertRecord } from '../alert.ts'
import { tableOf } from './arrow.ts'
import type { StructNode } from './avro-nodes.ts'
import { FieldCheck, savedColumns, savedRecord } from './columns.ts'
import type { SaveOptions } from './columns.ts'
import { nextName, writeWhole } from './files.ts'
import { fitsTable } from './fits.ts'
import { flatColumns } from './flat.ts'
import { votable } from './votable.ts'

/** Most alerts of a file, and most bytes of their messages: what is held in memory until it is written. */
const MOST_ALERTS = 5000
const MOST_BYTES = 256 * 1024 * 1024

/** Alerts of one schema as the bytes of a file; `topics` are those that they come from. */
export type Encode = (
  columns: StructNode,
  records: readonly AlertRecord[],
  topics: string
) => Uint8Array

export const parquetOf: Encode = (columns, records, topics) =>
  toParquet(tableOf(columns, records), { topics, siskin: SISKIN_VERSION })

export const votableOf: Encode = (columns, records, topics) =>
  Buffer.from(votable(flatColumns(columns), records, `${topics}, Siskin ${SISKIN_VERSION}`))

export const fitsOf: Encode = (columns, records, topics) =>
  fitsTable(flatColumns(columns), records, `${topics}, Siskin ${SISKIN_VERSION}`)

/**
 * Alerts in a file that can only be written as a whole: when it is full, when the schema changes, and
 * at the end. Until then its alerts are not dealt with.
 */
export class HeldFile {
  readonly #path: string
  readonly #options: SaveOptions
  readonly #encode: Encode
  readonly #check: FieldCheck
  readonly written: string[] = []
  #schema = ''
  #topics = new Set<string>()
  #records: AlertRecord[] = []
  #bytes = 0

  constructor(path: string, options: SaveOptions, encode: Encode) {
    this.#path = path
    this.#options = options
    this.#encode = encode
    this.#check = new FieldCheck(options.fields)
  }

  async take(alerts: readonly Alert[]): Promise<void> {
    for (const alert of alerts) {
      const { message } = alert
      this.#check.of(alert)
      if (message.schema !== this.#schema) await this.close()
      this.#schema = message.schema
      this.#topics.add(message.topic)
      this.#records.push(savedRecord(alert))
      this.#bytes += message.datum.length
      if (this.#records.length >= MOST_ALERTS || this.#bytes >= MOST_BYTES) await this.close()
    }
  }

  /** All that it took is on disk. */
  get isFlushed(): boolean {
    return this.#records.length === 0
  }

  /** Writes what it holds. */
  async close(): Promise<void> {
    if (this.isFlushed) return
    const columns = savedColumns(this.#schema, this.#options)
    const bytes = this.#encode(columns, this.#records, [...this.#topics].sort().join(','))
    const path = nextName(this.#path, this.written.length)
    await writeWhole(path, bytes)
    this.written.push(path)
    this.#records = []
    this.#topics = new Set()
    this.#bytes = 0
  }
}
