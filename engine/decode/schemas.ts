import { createHash } from 'node:crypto'
import type { Survey } from '../contract/index.ts'
import { PacketError } from '../reasons.ts'
import { resolveSchema, schemaName } from './avro-schema.ts'
import type { Avro } from './avro-schema.ts'
import { compile } from './compile.ts'
import type { Compiled } from './compile.ts'
import { ESSENTIAL } from './survey.ts'
import type { SurveyReader } from './survey.ts'

/** A writer schema that packets came with, compiled once however many packets follow. */
export interface WriterSchema {
  readonly survey: Survey
  /** Hex of the SHA-256 of the schema text: names the packet file of the lake. */
  readonly fingerprint: string
  readonly text: Uint8Array
  readonly version: string
  readonly compiled: Compiled
}

const MOST_SCHEMAS = 256

/** The schemas met so far, by their text. Old ones go when a damaged stream brings ever new ones. */
export class SchemaCache {
  readonly #schemas = new Map<string, WriterSchema | PacketError>()
  readonly #warn: (message: string) => void
  #lastText: Uint8Array | null = null
  #last: WriterSchema | null = null

  constructor(warn: (message: string) => void) {
    this.#warn = warn
  }

  /** @throws PacketError if the text is no schema of a survey we read. */
  get(text: Uint8Array, reader: (survey: Survey) => SurveyReader): WriterSchema {
    if (this.#last && this.#lastText && Buffer.compare(text, this.#lastText) === 0)
      return this.#last
    const fingerprint = createHash('sha256').update(text).digest('hex')
    let found = this.#schemas.get(fingerprint)
    if (!found) {
      found = this.#compile(text, fingerprint, reader)
      if (this.#schemas.size >= MOST_SCHEMAS) this.#forgetOldest()
      this.#schemas.set(fingerprint, found)
    }
    if (found instanceof PacketError) throw found
    this.#last = found
    this.#lastText = found.text
    return found
  }

  #forgetOldest(): void {
    for (const fingerprint of this.#schemas.keys()) {
      this.#schemas.delete(fingerprint)
      return
    }
  }

  #compile(
    text: Uint8Array,
    fingerprint: string,
    reader: (survey: Survey) => SurveyReader
  ): WriterSchema | PacketError {
    try {
      const json: unknown = JSON.parse(new TextDecoder().decode(text))
      const schema = resolveSchema(json)
      const survey = surveyOf(schema)
      const { sinks } = reader(survey)
      const compiled = compile(schema, sinks)
      const version = versionOf(schemaName(json))
      this.#report(survey, version || fingerprint.slice(0, 8), compiled)
      return { survey, fingerprint, text: Uint8Array.from(text), version, compiled }
    } catch (error) {
      if (error instanceof PacketError) return error
      return new PacketError('unreadable-schema', (error as Error).message)
    }
  }

  /** Once per schema: what changed its type, what the table cannot do without. */
  #report(survey: Survey, label: string, compiled: Compiled): void {
    for (const change of compiled.changed) {
      this.#warn(`schema ${survey} ${label}: ${change}; the column is null for its packets`)
    }
    for (const group of ESSENTIAL[survey]) {
      if (group.some((path) => compiled.found.has(path))) continue
      this.#warn(`schema ${survey} ${label} has no ${group[0]}: its packets go to quarantine`)
    }
  }
}

/** A survey is known by the record that carries the detection. */
function surveyOf(schema: Avro): Survey {
  const fields = schema.kind === 'record' ? schema.fields.map((field) => field.name) : []
  if (fields.includes('candidate')) return 'ztf'
  if (fields.includes('diaSource')) return 'lsst'
  throw new PacketError(
    'wrong-survey',
    'the schema has neither candidate (ZTF) nor diaSource (LSST)'
  )
}

/** `lsst.v10_0.alert` is 10.0; ZTF says its version in the packet. */
function versionOf(name: string): string {
  const match = /v(\d+)_(\d+)/.exec(name)
  return match ? `${match[1]}.${match[2]}` : ''
}
