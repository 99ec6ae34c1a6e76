import type { Alert } from '../alert.ts'
import { FieldCheck, savedColumns, savedRecord } from './columns.ts'
import type { SaveOptions } from './columns.ts'
import { csvHeader, csvLine, ecsvHeader } from './csv.ts'
import { GrowingFile, nextName } from './files.ts'
import { flatColumns } from './flat.ts'
import type { FlatColumn } from './flat.ts'

/**
 * Alerts as comma-separated lines, readable at any time; a schema that differs begins another file.
 * A name that ends in .ecsv has units, UCDs and descriptions before the names of the columns.
 */
export class CsvFile {
  readonly #path: string
  readonly #options: SaveOptions
  readonly #check: FieldCheck
  readonly written: string[] = []
  #file: GrowingFile | null = null
  #schema = ''
  #columns: readonly FlatColumn[] = []

  constructor(path: string, options: SaveOptions) {
    this.#path = path
    this.#options = options
    this.#check = new FieldCheck(options.fields)
  }

  /** On disk when it resolves. */
  async take(alerts: readonly Alert[]): Promise<void> {
    for (const alert of alerts) {
      this.#check.of(alert)
      const { schema } = alert.message
      if (!this.#file || schema !== this.#schema) await this.#begin(schema)
      await this.#append(csvLine(this.#columns, savedRecord(alert)))
    }
    await this.#file?.flush()
  }

  get isFlushed(): boolean {
    return true
  }

  async #begin(schema: string): Promise<void> {
    await this.#file?.flush()
    await this.close()
    const path = nextName(this.#path, this.written.length)
    this.#file = await GrowingFile.begin(path)
    this.written.push(path)
    this.#schema = schema
    this.#columns = flatColumns(savedColumns(schema, this.#options))
    const about = this.#path.endsWith('.ecsv') ? ecsvHeader(this.#columns) : ''
    await this.#append(about + csvHeader(this.#columns))
  }

  async #append(text: string): Promise<void> {
    await this.#file!.append(Buffer.from(text))
  }

  async close(): Promise<void> {
    await this.#file?.close()
    this.#file = null
  }
}
