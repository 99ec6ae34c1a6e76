/** A schema as JSON: a name, a union, or a type with attributes. */
type Json = string | readonly Json[] | { readonly [key: string]: unknown }
type Named = { readonly [key: string]: unknown }

const BUILT_IN = new Set(
  'null boolean int long float double bytes string record error enum fixed array map'.split(' ')
)
const NAMED = new Set(['record', 'error', 'enum', 'fixed'])

/**
 * One schema of several that refer to each other by name: each referenced type is put in where it is
 * named first. A schema without references is given back as it is, to the byte.
 * @param texts the schema itself first, then those it refers to, in any order
 * @throws Error for a text that is no JSON, and one that names a type that none of them defines
 */
export function joinSchemas([own = '', ...others]: readonly string[]): string {
  const schema = JSON.parse(own) as Json
  const joiner = new Joiner()
  for (const text of others) joiner.define(JSON.parse(text) as Json, '')
  const joined = joiner.join(schema, '')
  return others.length === 0 ? own : JSON.stringify(joined)
}

class Joiner {
  /** Types that are defined by those that are referred to. */
  readonly #known = new Map<string, { readonly schema: Named; readonly space: string }>()
  /** Types that are in the joined schema by now. */
  readonly #placed = new Set<string>()

  /** Notes the named types in a schema. */
  define(schema: Json, space: string): void {
    if (typeof schema === 'string') return
    if (isList(schema)) {
      for (const branch of schema) this.define(branch, space)
      return
    }
    const inner = this.#note(schema, space)
    for (const part of partsOf(schema)) this.define(part, inner)
  }

  #note(schema: Named, space: string): string {
    if (!isNamed(schema)) return space
    const [name, own] = nameOf(schema, space)
    const full = fullName(name, own)
    if (!this.#known.has(full)) this.#known.set(full, { schema, space: own })
    return own
  }

  /** The schema with what it refers to in it; names that are left are those of types before them. */
  join(schema: Json, space: string): Json {
    if (typeof schema === 'string') return this.#named(schema, space)
    if (isList(schema)) return schema.map((branch) => this.join(branch, space))
    if (isNamed(schema)) {
      const [name, own] = nameOf(schema, space)
      const full = fullName(name, own)
      if (this.#placed.has(full)) return full
      this.#placed.add(full)
      return this.#inside(schema, own)
    }
    return this.#inside(schema, space)
  }

  #inside(schema: Named, space: string): Json {
    const joined: Record<string, unknown> = { ...schema }
    const { type } = schema
    if (isList(schema['fields'])) {
      joined['fields'] = (schema['fields'] as readonly Named[]).map((field) => ({
        ...field,
        type: this.join(field['type'] as Json, space)
      }))
    }
    for (const key of ['items', 'values']) {
      if (key in schema) joined[key] = this.join(schema[key] as Json, space)
    }
    const isKind = typeof type === 'string' && BUILT_IN.has(type)
    if (type !== undefined && !isKind) joined['type'] = this.join(type as Json, space)
    return joined
  }

  #named(name: string, space: string): Json {
    if (BUILT_IN.has(name)) return name
    const full = [fullName(name, space), name].find((one) => this.#has(one)) ?? this.#byShort(name)
    if (full === undefined) throw new Error(`it names a type "${name}" that is not defined`)
    if (this.#placed.has(full)) return this.#known.has(full) ? full : name
    const { schema, space: own } = this.#known.get(full)!
    this.#placed.add(full)
    const [short] = nameOf(schema, own)
    return this.#inside({ ...schema, name: short, namespace: own }, own)
  }

  #has(full: string): boolean {
    return this.#placed.has(full) || this.#known.has(full)
  }

  /** Some writers name types in other namespaces by their last word: right where only one has it. */
  #byShort(name: string): string | undefined {
    const all = [...new Set([...this.#placed, ...this.#known.keys()])]
    const found = all.filter((full) => full.split('.').at(-1) === name.split('.').at(-1))
    return found.length === 1 ? found[0] : undefined
  }
}

function isList(value: unknown): value is readonly Json[] {
  return Array.isArray(value)
}

function isNamed(schema: Named): boolean {
  return typeof schema['type'] === 'string' && NAMED.has(schema['type']) && 'name' in schema
}

/** Last word of a type's name, and its namespace. */
function nameOf(schema: Named, space: string): [string, string] {
  const name = String(schema['name'])
  const dot = name.lastIndexOf('.')
  if (dot >= 0) return [name.slice(dot + 1), name.slice(0, dot)]
  const own = schema['namespace']
  return [name, typeof own === 'string' ? own : space]
}

function fullName(name: string, space: string): string {
  return name.includes('.') || space === '' ? name : `${space}.${name}`
}

/** The schemas inside a schema. */
function partsOf(schema: Named): Json[] {
  const fields = isList(schema['fields']) ? (schema['fields'] as readonly Named[]) : []
  const inner = [schema['items'], schema['values'], schema['type']]
  return [...fields.map((field) => field['type'] as Json), ...(inner as Json[])].filter(
    (part) => typeof part === 'object' && part !== null
  )
}
