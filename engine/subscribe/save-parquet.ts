import { open } from 'node:fs/promises'
import { toParquet } from '../persist/parquet.ts'
import { SISKIN_VERSION } from '../version.ts'
import type { Alert, AlertRecord } from './alert.ts'
import { tableOf } from './arrow.ts'
import { columnsOf } from './avro-nodes.ts'
import { nextName, refused } from './files.ts'
import { isStamp } from './json.ts'

/** Most alerts of a file, and most bytes of their messages: what is held in memory until it is written. */
const MOST_ALERTS = 5000
const MOST_BYTES = 256 * 1024 * 1024

/**
 * Alerts as Parquet with typed columns. A file is written when it is full, when the schema changes,
 * and at the end; until then its alerts are not dealt with.
 */
export class ParquetFile {
  readonly #path: string
  readonly #stamps: boolean
  readonly written: string[] = []
  #schema = ''
  #topics = new Set<string>()
  #records: AlertRecord[] = []
  #bytes = 0

  constructor(path: string, stamps: boolean) {
    this.#path = path
    this.#stamps = stamps
  }

  async take(alerts: readonly Alert[]): Promise<void> {
    for (const { message, record } of alerts) {
      if (message.schema !== this.#schema) await this.close()
      this.#schema = message.schema
      this.#topics.add(message.topic)
      this.#records.push(record)
      this.#bytes += message.datum.length
      if (this.#records.length >= MOST_ALERTS || this.#bytes >= MOST_BYTES) await this.close()
    }
  }

  /** All that it took is on disk. */
  get isSettled(): boolean {
    return this.#records.length === 0
  }

  /** Writes what it holds. */
  async close(): Promise<void> {
    if (this.isSettled) return
    const all = columnsOf(this.#schema)
    const fields = all.fields.filter(({ name }) => this.#stamps || !isStamp(name))
    const metadata = { topics: [...this.#topics].sort().join(','), siskin: SISKIN_VERSION }
    const bytes = toParquet(tableOf({ ...all, fields }, this.#records), metadata)
    const path = nextName(this.#path, this.written.length)
    const file = await open(path, 'wx').catch((error: unknown) => refused(path, error))
    try {
      await file.writeFile(bytes)
      await file.datasync()
    } finally {
      await file.close()
    }
    this.written.push(path)
    this.#records = []
    this.#topics = new Set()
    this.#bytes = 0
  }
}
