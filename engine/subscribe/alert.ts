import type { Type } from 'avsc'
import { avroType } from '../avro/type.ts'
import { isoOf } from '../table/time.ts'
import type { Incoming } from './feed.ts'

/** A decoded message: its fields by name, structs nested; 64-bit integers are BigInt. */
export type AlertRecord = Readonly<Record<string, unknown>>

export interface Alert {
  readonly message: Incoming
  readonly record: AlertRecord
}

/** The field that every alert has besides those of its schema: where it was read. */
export const TOPIC = 'topic'

/** Decodes messages; each schema is compiled once. */
export class Decoder {
  readonly #types = new Map<string, Type>()

  /** @throws what is wrong with the message or with its schema. */
  decode(message: Incoming): Alert {
    let type = this.#types.get(message.schema)
    if (!type) {
      type = avroType(message.schema)
      this.#types.set(message.schema, type)
    }
    const { buffer, byteOffset, byteLength } = message.datum
    const datum = Buffer.from(buffer, byteOffset, byteLength)
    const record: unknown = type.fromBuffer(datum)
    if (type.typeName !== 'record') throw new Error(`its schema is no record, but ${type.typeName}`)
    return { message, record: record as AlertRecord }
  }
}

/** The object's id, in Siskin's form or in a survey's own. */
export function objectIdOf({ record }: Alert): string {
  return idOf(record, 'object_id', 'objectId', 'diaObject.diaObjectId')
}

export function alertIdOf({ record }: Alert): string {
  return idOf(record, 'alert_id', 'candid', 'diaSourceId')
}

function idOf(record: AlertRecord, ...paths: readonly string[]): string {
  for (const path of paths) {
    const value = valueAt(record, path)
    if (typeof value === 'string' || typeof value === 'bigint') return String(value)
  }
  return 'unknown'
}

/**
 * The value at `a.b.c`, of each item where there is a list on the way; null where a struct on the way is
 * null; undefined where there is no such field.
 */
function valueAt(record: unknown, path: string): unknown {
  let value = record
  const names = path.split('.')
  for (const [i, name] of names.entries()) {
    if (value === null) return null
    if (typeof value !== 'object') return undefined
    if (Array.isArray(value)) {
      const rest = names.slice(i).join('.')
      return value.map((item) => valueAt(item, rest) ?? null)
    }
    value = (value as AlertRecord)[name]
  }
  return value
}

/**
 * A field as people name it: `topic` is where it was read, `time` is `mjd` as a date, where the record
 * has no field of that name.
 */
export function fieldOf({ message, record }: Alert, path: string): unknown {
  if (path === TOPIC && !(TOPIC in record)) return message.topic
  if (path !== 'time' || 'time' in record) return valueAt(record, path)
  const { mjd } = record
  return typeof mjd === 'number' ? isoOf(mjd) : null
}
