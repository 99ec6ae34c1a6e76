/** An Avro schema as parsed JSON, with named references resolved to the record they name. */
export type Avro =
  | { kind: 'primitive'; type: Primitive }
  | AvroRecord
  | { kind: 'array'; items: Avro }
  | { kind: 'map'; values: Avro }
  | { kind: 'union'; branches: Avro[] }
  | { kind: 'enum'; symbols: string[] }
  | { kind: 'fixed'; size: number }

export interface AvroRecord {
  kind: 'record'
  /** The full name: with its namespace, if it has one. */
  name: string
  fields: { name: string; type: Avro }[]
}

type Primitive = 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'bytes' | 'string'

/** A writer schema: the type of a packet, and every record in it, inner ones first. */
export interface WriterType {
  readonly root: Avro
  readonly records: readonly AvroRecord[]
}

const PRIMITIVES = new Set(['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'])

/** Types inside types, as JSON nests them: far more than a schema that people wrote. */
const DEEPEST = 300

interface Json {
  type?: unknown
  name?: string
  namespace?: string
  fields?: { name?: unknown; type: unknown }[]
  items?: unknown
  values?: unknown
  symbols?: unknown
  size?: number
}

/**
 * Resolves a writer schema. Defaults, docs, aliases and logical types are ignored: they say nothing
 * about the bytes (real ZTF schemas carry defaults that are not even legal).
 * @throws Error that says what is no Avro.
 */
export function resolveSchema(json: unknown): WriterType {
  const names = new Names()
  return { root: names.resolve(json, '', 0), records: names.records }
}

/** What a packet is: the top of its schema, or the one record of a union there (`["null", alert]`). */
export function topOf({ root }: WriterType): Avro {
  const records = root.kind === 'union' ? root.branches.filter(({ kind }) => kind === 'record') : []
  const [only, other] = records
  return only && !other ? only : root
}

/** The names that a schema has defined so far, in the order of the text, as Avro has it. */
class Names {
  readonly records: AvroRecord[] = []
  readonly #named = new Map<string, { type: Avro; json: Json }>()

  resolve(json: unknown, namespace: string, depth: number): Avro {
    if (depth > DEEPEST) throw new Error(`types nest more than ${DEEPEST} deep`)
    if (Array.isArray(json)) {
      return { kind: 'union', branches: json.map((one) => this.resolve(one, namespace, depth + 1)) }
    }
    if (typeof json === 'string') return this.#byName(json, namespace)
    if (typeof json !== 'object' || json === null) throw new Error('schema is not JSON of Avro')
    return this.#object(json, namespace, depth)
  }

  /** A short name is of the namespace around it, or of none. */
  #byName(name: string, namespace: string): Avro {
    if (PRIMITIVES.has(name)) return { kind: 'primitive', type: name as Primitive }
    const found = this.#named.get(qualify(name, namespace)) ?? this.#named.get(name)
    if (!found) throw new Error(`schema names a type "${name}" that it does not define`)
    return found.type
  }

  #object(json: Json, namespace: string, depth: number): Avro {
    switch (json.type) {
      case 'record':
      case 'error':
        return this.#record(json, namespace, depth)
      case 'array':
        return { kind: 'array', items: this.resolve(json.items, namespace, depth + 1) }
      case 'map':
        return { kind: 'map', values: this.resolve(json.values, namespace, depth + 1) }
      case 'enum': {
        const { symbols } = json
        if (!Array.isArray(symbols) || !symbols.every((symbol) => typeof symbol === 'string')) {
          throw new Error(`enum "${json.name}" has no symbols`)
        }
        return this.#define(json, namespace, { kind: 'enum', symbols })
      }
      case 'fixed':
        // It goes into the compiled decoder as it stands: a packet must not bring code.
        if (!Number.isSafeInteger(json.size)) throw new Error(`fixed "${json.name}" has no size`)
        return this.#define(json, namespace, { kind: 'fixed', size: Math.max(0, json.size!) })
      default:
        return this.resolve(json.type, namespace, depth + 1)
    }
  }

  #record(json: Json, namespace: string, depth: number): Avro {
    const name = fullName(json, namespace)
    const record: AvroRecord = { kind: 'record', name, fields: [] }
    this.#define(json, namespace, record)
    if (!Array.isArray(json.fields)) throw new Error(`record "${json.name}" has no fields`)
    const space = namespaceOf(name)
    const seen = new Set<string>()
    for (const field of json.fields) {
      const name = String(field.name)
      if (seen.has(name)) throw new Error(`record "${json.name}" has two fields "${name}"`)
      seen.add(name)
      record.fields.push({ name, type: this.resolve(field.type, space, depth + 1) })
    }
    this.records.push(record)
    return record
  }

  /** A name may be defined twice only if both say the same: then it does not matter which is meant. */
  #define(json: Json, namespace: string, type: Avro): Avro {
    const name = fullName(json, namespace)
    if (!name) return type
    const before = this.#named.get(name)
    if (before && JSON.stringify(before.json) !== JSON.stringify(json)) {
      throw new Error(`schema defines "${name}" twice`)
    }
    this.#named.set(name, { type, json })
    return type
  }
}

function qualify(name: string, namespace: string): string {
  return namespace && !name.includes('.') ? `${namespace}.${name}` : name
}

/** A name with dots is a full name, whatever namespace stands beside it or around it. */
function fullName({ name, namespace }: Json, around: string): string {
  return typeof name === 'string' && name ? qualify(name, namespace ?? around) : ''
}

function namespaceOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf('.')))
}
