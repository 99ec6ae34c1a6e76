import { createHash } from 'node:crypto'
import type { Survey } from '../contract/index.ts'
import { PacketError } from '../reasons.ts'
import { resolveSchema, topOf } from '../avro/schema.ts'
import { compile } from '../avro/compile.ts'
import type { Compiled } from '../avro/compile.ts'
import { checkNames, surveyOf, versionOf } from './survey.ts'
import type { SchemaFacts, SurveyReader } from './survey.ts'
import { fluxScaleOf } from './zero-point.ts'

/** A writer schema that packets came with, compiled once however many packets follow. */
export interface WriterSchema extends SchemaFacts {
  readonly survey: Survey
  /** Hex of the SHA-256 of the schema text: names the packet file of the lake. */
  readonly fingerprint: string
  readonly text: Uint8Array
  readonly compiled: Compiled
}

const MOST_SCHEMAS = 256

/** Bytes of text, and with it of code, that are kept: 20 kB is the text of a real one. */
const MOST_TEXT = 16 * 1024 * 1024

/** The schemas met so far, by their text. Old ones go when a damaged stream brings ever new ones. */
export class SchemaCache {
  readonly #schemas = new Map<string, { schema: WriterSchema | PacketError; size: number }>()
  readonly #warn: (message: string) => void
  #size = 0
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
    let schema = this.#schemas.get(fingerprint)?.schema
    if (!schema) {
      schema = this.#compile(text, fingerprint, reader)
      const size = schema instanceof PacketError ? 0 : text.length
      this.#forgetOldest(size)
      this.#schemas.set(fingerprint, { schema, size })
      this.#size += size
    }
    if (schema instanceof PacketError) throw schema
    this.#last = schema
    this.#lastText = schema.text
    return schema
  }

  #forgetOldest(size: number): void {
    for (const [fingerprint, old] of this.#schemas) {
      if (this.#schemas.size < MOST_SCHEMAS && this.#size + size <= MOST_TEXT) return
      this.#schemas.delete(fingerprint)
      this.#size -= old.size
    }
  }

  #compile(
    text: Uint8Array,
    fingerprint: string,
    reader: (survey: Survey) => SurveyReader
  ): WriterSchema | PacketError {
    try {
      const type = resolveSchema(JSON.parse(new TextDecoder().decode(text)))
      const top = topOf(type)
      const survey = surveyOf(top)
      const version = versionOf(top)
      const fluxScale = survey === 'lsst' ? fluxScaleOf(top) : 1
      const compiled = compile(type, reader(survey).sinks)
      const warn = (message: string) =>
        this.#warn(`schema ${survey} ${version || fingerprint.slice(0, 8)}${message}`)
      for (const change of compiled.changed) {
        warn(`: ${change}`)
      }
      checkNames(survey, compiled.found, warn)
      return { survey, fingerprint, text: Uint8Array.from(text), version, fluxScale, compiled }
    } catch (error) {
      if (error instanceof PacketError) return error
      return new PacketError('unreadable-schema', (error as Error).message)
    }
  }
}
