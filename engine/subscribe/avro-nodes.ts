/** A type of Avro as a column: null where it cannot say, whatever the union. */
export type Node =
  | { readonly kind: Leaf }
  | { readonly kind: 'struct'; readonly fields: readonly NodeField[] }
  | { readonly kind: 'list'; readonly item: Node }

interface NodeField {
  readonly name: string
  readonly node: Node
  /** What the writer says of it: `doc`, and `unit` and `ucd` where it gives those. */
  readonly about: Readonly<Record<string, string>>
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
export function columnsOf(schema: string): Extract<Node, { kind: 'struct' }> {
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
  const fields: NodeField[] = []
  const node: Node = { kind: 'struct', fields }
  named.set(full, node)
  const inner = full.slice(0, Math.max(0, full.lastIndexOf('.')))
  for (const field of schema['fields'] as { name: string; type: Schema }[]) {
    fields.push({ name: field.name, node: nodeOf(field.type, named, inner), about: aboutOf(field) })
  }
  return node
}

function aboutOf(field: Readonly<Record<string, unknown>>): Record<string, string> {
  const said = ['doc', 'unit', 'ucd'].map((key) => [key, field[key]] as const)
  return Object.fromEntries(
    said.filter((entry): entry is readonly [string, string] => typeof entry[1] === 'string')
  )
}

function fullName(name: string, space: string): string {
  return name.includes('.') || space === '' ? name : `${space}.${name}`
}

/** The paths of all columns, structs and what is in them: `rate`, `rate.mag_rate`. */
export function pathsOf(node: Node, prefix = ''): string[] {
  if (node.kind !== 'struct') return []
  return node.fields.flatMap(({ name, node: own }) => [
    `${prefix}${name}`,
    ...pathsOf(own, `${prefix}${name}.`)
  ])
}
