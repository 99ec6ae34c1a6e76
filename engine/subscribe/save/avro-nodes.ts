/** A type of Avro as a column: null where it cannot say, whatever the union. */
export type Node =
  | { readonly kind: Leaf }
  | StructNode
  | { readonly kind: 'list'; readonly item: Node }

export interface StructNode {
  readonly kind: 'struct'
  readonly fields: readonly NodeField[]
}

/** What a schema says of a field besides its type; empty where it says nothing. */
export interface Facts {
  readonly unit: string
  readonly ucd: string
  readonly doc: string
}

export interface NodeField extends Partial<Facts> {
  readonly name: string
  readonly node: Node
}

export type Leaf =
  | 'bool'
  | 'int32'
  | 'int64'
  | 'float32'
  | 'float64'
  | 'utf8'
  | 'binary'
  /** What has no column type (maps, unions of several types), as JSON text. */
  | 'json'

type Schema = string | readonly Schema[] | { readonly [key: string]: unknown }

const LEAVES: Record<string, Leaf> = {
  boolean: 'bool',
  int: 'int32',
  long: 'int64',
  float: 'float32',
  double: 'float64',
  string: 'utf8',
  enum: 'utf8',
  bytes: 'binary',
  fixed: 'binary',
  null: 'json'
}

/** The columns of a record's schema, JSON text. @throws where it is no record. */
export function columnsOf(schema: string): StructNode {
  const node = nodeOf(JSON.parse(schema) as Schema, new Map(), '')
  if (node.kind !== 'struct') throw new Error('the schema is no record')
  return node
}

function nodeOf(schema: Schema, named: Map<string, Node>, space: string): Node {
  if (typeof schema === 'string') {
    const known = named.get(fullName(schema, space)) ?? named.get(schema)
    return known ?? { kind: LEAVES[schema] ?? 'json' }
  }
  if (Array.isArray(schema)) {
    const [only, ...more] = schema.filter((branch) => branch !== 'null') as Schema[]
    return only === undefined || more.length > 0 ? { kind: 'json' } : nodeOf(only, named, space)
  }
  return namedNode(schema as { readonly [key: string]: unknown }, named, space)
}

function namedNode(
  schema: { readonly [key: string]: unknown },
  named: Map<string, Node>,
  space: string
): Node {
  const { type, name, namespace } = schema as { type: Schema; name?: string; namespace?: string }
  if (type === 'array')
    return { kind: 'list', item: nodeOf(schema['items'] as Schema, named, space) }
  if (type === 'map') return { kind: 'json' }
  if (name === undefined || typeof type !== 'string') return nodeOf(type, named, space)
  const full = fullName(name, namespace ?? space)
  if (type !== 'record') {
    const node: Node = { kind: LEAVES[type] ?? 'json' }
    named.set(full, node)
    return node
  }
  named.set(full, { kind: 'json' }) // what it holds of its own kind
  const inner = full.slice(0, Math.max(0, full.lastIndexOf('.')))
  const fields = (schema['fields'] as SchemaField[]).map((field) => {
    return { name: field.name, node: nodeOf(field.type, named, inner), ...factsOf(field) }
  })
  const node: Node = { kind: 'struct', fields }
  named.set(full, node)
  return node
}

interface SchemaField {
  readonly name: string
  readonly type: Schema
  readonly doc?: unknown
  readonly unit?: unknown
  readonly ucd?: unknown
}

/** Siskin's messages end the description of a field with its unit: `Flux. [nJy]`. */
function factsOf({ doc, unit, ucd }: SchemaField): Facts {
  const text = (value: unknown) => (typeof value === 'string' ? value : '')
  const [, about = '', last = ''] = /^(.*?)(?:\s*\[([^\][]+)\])?$/s.exec(text(doc)) ?? []
  return { unit: text(unit) || last, ucd: text(ucd), doc: about }
}

function fullName(name: string, space: string): string {
  return name.includes('.') || space === '' ? name : `${space}.${name}`
}

/** The paths of all columns, structs and what is in them, in lists too: `rate`, `rate.mag_rate`. */
export function pathsOf(node: Node, prefix = ''): string[] {
  if (node.kind === 'list') return pathsOf(node.item, prefix)
  if (node.kind !== 'struct') return []
  return node.fields.flatMap(({ name, node: own }) => [
    `${prefix}${name}`,
    ...pathsOf(own, `${prefix}${name}.`)
  ])
}
