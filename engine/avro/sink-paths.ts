import type { Avro } from './schema.ts'
import type { Sinks } from './compile.ts'

/** The types a column can take in; a writer type outside is left out and named once. */
const FITS: Record<string, readonly string[]> = {
  int64: ['int', 'long'],
  int32: ['int', 'long'],
  float64: ['int', 'long', 'float', 'double'],
  float32: ['int', 'long', 'float', 'double'],
  bool: ['boolean'],
  utf8: ['string', 'enum']
}

/** Whether a column takes in values of an Avro type, by its name. */
export function fits(columnType: string, avro: string): boolean {
  return FITS[columnType]!.includes(avro)
}

/** A primitive's own name, else its kind. */
export function typeName(type: Avro): string {
  return type.kind === 'primitive' ? type.type : type.kind
}

/** Names that Avro allows: others could be taken for a path, and are stepped over. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

export function isName(name: string): boolean {
  return NAME.test(name)
}

/** What of a schema is wanted, and which of several paths to one column counts. */
export class SinkPaths {
  readonly #wanted = new Set<string>()
  /** Paths that give way to another one to the same column. */
  readonly #older = new Set<string>()

  constructor(root: Avro, { columns, lists, ranges, present }: Sinks) {
    for (const map of [columns, lists, ranges, present]) {
      for (const path of map.keys()) for (const prefix of prefixesOf(path)) this.#wanted.add(prefix)
    }
    const first = new Map<unknown, string>()
    for (const [path, column] of columns) {
      if (first.has(column)) continue
      const types = typesAt(root, path)
      if (types.some((type) => fits(column.type, typeName(type)))) first.set(column, path)
    }
    for (const [path, column] of columns) {
      if ((first.get(column) ?? path) !== path) this.#older.add(path)
    }
  }

  /** Whether a path, or something beneath it, has a sink. */
  wants(path: string): boolean {
    return this.#wanted.has(path) && !this.#older.has(path)
  }

  isOlder(path: string): boolean {
    return this.#older.has(path)
  }
}

/** `a[].b` is beneath `a[]`, which is beneath `a`. */
function prefixesOf(path: string): string[] {
  const prefixes = [path]
  for (const match of path.matchAll(/\[\]|\./g)) prefixes.push(path.slice(0, match.index))
  for (const match of path.matchAll(/\[\]/g)) prefixes.push(path.slice(0, match.index + 2))
  return prefixes
}

/** The types that a schema has at a path: several, where unions are on the way. */
function typesAt(root: Avro, path: string): Avro[] {
  let types = [root]
  for (const step of path.replaceAll('[]', '.[]').split('.')) {
    types = types.flatMap(branchesOf).flatMap((type) => {
      if (step === '[]') return type.kind === 'array' ? [type.items] : []
      if (type.kind !== 'record') return []
      const field = type.fields.find(({ name }) => name === step)
      return field ? [field.type] : []
    })
  }
  return types.flatMap(branchesOf)
}

function branchesOf(type: Avro): Avro[] {
  return type.kind === 'union' ? type.branches.flatMap(branchesOf) : [type]
}
