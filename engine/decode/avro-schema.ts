/** An Avro schema as parsed JSON, with named references resolved to the record they name. */
export type Avro =
  | { kind: 'primitive'; type: Primitive }
  | { kind: 'record'; name: string; fields: { name: string; type: Avro }[] }
  | { kind: 'array'; items: Avro }
  | { kind: 'map'; values: Avro }
  | { kind: 'union'; branches: Avro[] }
  | { kind: 'enum'; symbols: string[] }
  | { kind: 'fixed'; size: number }

type Primitive = 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'bytes' | 'string'

const PRIMITIVES = new Set(['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'])

interface Json {
  type?: unknown
  name?: string
  namespace?: string
  fields?: { name: string; type: unknown }[]
  items?: unknown
  values?: unknown
  symbols?: string[]
  size?: number
}

/**
 * Resolves a writer schema. Defaults, docs and logical types are ignored: they say nothing about
 * the bytes (real ZTF schemas carry defaults that are not even legal).
 */
export function resolveSchema(json: unknown): Avro {
  const named = new Map<string, Avro>()
  return resolve(json, '', named)
}

function resolve(json: unknown, namespace: string, named: Map<string, Avro>): Avro {
  if (Array.isArray(json)) {
    return { kind: 'union', branches: json.map((branch) => resolve(branch, namespace, named)) }
  }
  if (typeof json === 'string') {
    if (PRIMITIVES.has(json)) return { kind: 'primitive', type: json as Primitive }
    const found = named.get(json.includes('.') ? json : qualify(json, namespace)) ?? named.get(json)
    if (!found) throw new Error(`schema names a type "${json}" that it does not define`)
    return found
  }
  if (typeof json !== 'object' || json === null) throw new Error('schema is not JSON of Avro')
  return resolveObject(json, namespace, named)
}

function resolveObject(json: Json, namespace: string, named: Map<string, Avro>): Avro {
  const space = json.namespace ?? namespace
  switch (json.type) {
    case 'record': {
      const record: Avro = { kind: 'record', name: json.name ?? '', fields: [] }
      define(json, space, named, record)
      if (!Array.isArray(json.fields)) throw new Error(`record "${json.name}" has no fields`)
      for (const field of json.fields) {
        record.fields.push({ name: field.name, type: resolve(field.type, space, named) })
      }
      return record
    }
    case 'array':
      return { kind: 'array', items: resolve(json.items, space, named) }
    case 'map':
      return { kind: 'map', values: resolve(json.values, space, named) }
    case 'enum': {
      const type: Avro = { kind: 'enum', symbols: json.symbols ?? [] }
      define(json, space, named, type)
      return type
    }
    case 'fixed': {
      // It goes into the compiled decoder as it stands: a packet must not bring code.
      if (!Number.isSafeInteger(json.size)) throw new Error(`fixed "${json.name}" has no size`)
      const type: Avro = { kind: 'fixed', size: Math.max(0, json.size!) }
      define(json, space, named, type)
      return type
    }
    default:
      return resolve(json.type, space, named)
  }
}

function qualify(name: string, namespace: string): string {
  return namespace ? `${namespace}.${name}` : name
}

function define(json: Json, namespace: string, named: Map<string, Avro>, type: Avro): void {
  if (!json.name) return
  named.set(json.name.includes('.') ? json.name : qualify(json.name, namespace), type)
}

/** Version and survey are told by names: `lsst.v10_0.alert`, `ztf.alert`. */
export function schemaName(json: unknown): string {
  const { name = '', namespace = '' } = (json ?? {}) as Json
  return name.includes('.') ? name : qualify(name, namespace)
}
