import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import avro from 'avsc'
import { describe, expect, test } from 'vitest'
import { resolveSchema } from '../../../engine/avro/schema.ts'
import { compile } from '../../../engine/avro/compile.ts'
import { Reader } from '../../../engine/avro/reader.ts'
import { ListGroup, makeColumn, TextColumn } from '../../../engine/table/columns.ts'
import type { ScalarColumn } from '../../../engine/table/columns.ts'
import type { ScalarType } from '../../../engine/table/schema.ts'
import { INSTALL_MS, pythonFor, runPython } from '../../support/python.ts'
import { random } from '../../support/random.ts'

const SCHEMAS = 300
const PACKETS = 4

/** Of the primitives that land in a column here: which column, and a value of it. */
const LEAVES: Record<string, { column: ScalarType; value: (next: () => number) => unknown }> = {
  boolean: { column: 'bool', value: (next) => next() < 0.5 },
  int: { column: 'int32', value: (next) => Math.floor((next() - 0.5) * 2 ** (1 + next() * 31)) },
  long: { column: 'float64', value: (next) => Math.floor((next() - 0.5) * 2 ** (1 + next() * 52)) },
  float: { column: 'float32', value: (next) => Math.fround((next() - 0.5) * 1e6) },
  double: { column: 'float64', value: (next) => (next() - 0.5) * 1e12 },
  string: { column: 'utf8', value: (next) => 'aé☃'.repeat(Math.floor(next() * 40)) }
}

type Made = { schema: unknown; value: (depth: number) => unknown; name: string }

/** A random schema of every kind of type, with values that avsc takes: unions wrapped by name. */
class Generator {
  readonly next: () => number
  readonly columns = new Map<string, ScalarType>()
  readonly #named: Made[] = []
  #count = 0

  constructor(seed: number) {
    this.next = random(seed)
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }

  /** A record; `path` null: nothing inside it is wanted. */
  record(path: string | null, around: string, depth: number): Made {
    // avsc takes an empty namespace for none given, and a stated one for stronger than dots in a name.
    const space = [around, 'a', 'a.b'][this.below(3)]!
    const short = `r${this.#count++}`
    const own = [
      { name: short, namespace: space },
      { name: space ? `${space}.${short}` : short, namespace: space },
      ...(space === around ? [{ name: short }] : [])
    ]
    const name = space ? `${space}.${short}` : short
    const fields: { name: string; type: unknown }[] = []
    const values: [string, Made['value']][] = []
    const made: Made = {
      schema: { type: 'record', ...own[this.below(own.length)]!, fields },
      value: (deep) => Object.fromEntries(values.map(([key, value]) => [key, value(deep + 1)])),
      name
    }
    const inside: Made = { ...made, schema: name }
    for (let i = this.below(6) + (path === null ? 0 : 3); i > 0; i--) {
      const key = `f${i}`
      const at = path === null ? null : path ? `${path}.${key}` : key
      const type = this.#field(at, space, depth, inside)
      fields.push({ name: key, type: type.schema })
      values.push([key, type.value])
    }
    if (path === null && space) this.#named.push(inside)
    return made
  }

  #field(path: string | null, space: string, depth: number, self: Made): Made {
    const kind = this.below(depth > 3 ? 7 : 14)
    if (kind < 6) return this.#leaf(path)
    if (kind === 6) return this.#plain('null', () => null)
    if (kind === 7) return this.record(path, space, depth + 1)
    if (kind === 8) return this.#union(path, space, depth)
    const inner = () => this.#field(null, space, depth + 1, self)
    if (kind === 9) return this.#many('array', 'items', inner())
    if (kind === 10) return this.#many('map', 'values', inner())
    if (kind === 11) return this.#enumOrFixed(space)
    if (kind === 12 && this.#named.length > 0) return this.#named[this.below(this.#named.length)]!
    return this.#recursive(self)
  }

  #plain(name: string, value: Made['value']): Made {
    return { schema: name, value, name }
  }

  #leaf(path: string | null): Made {
    const names = Object.keys(LEAVES)
    const name = names[this.below(names.length)]!
    if (path !== null && this.next() < 0.6) this.columns.set(path, LEAVES[name]!.column)
    return this.#plain(name, () => LEAVES[name]!.value(this.next))
  }

  #union(path: string | null, space: string, depth: number): Made {
    const branches = [this.#plain('null', () => null), this.#leaf(path)]
    if (depth < 3) branches.push(this.record(null, space, depth + 1))
    if (this.next() < 0.3) branches.reverse()
    const value = (deep: number) => {
      const branch = branches[this.below(deep > 12 ? 1 : branches.length)]!
      return branch.name === 'null' ? null : { [branch.name]: branch.value(deep + 1) }
    }
    return { schema: branches.map(({ schema }) => schema), value, name: 'union' }
  }

  #many(type: 'array' | 'map', key: string, inner: Made): Made {
    const value = (deep: number) => {
      const items = Array.from({ length: deep > 8 ? 0 : this.below(4) }, () =>
        inner.value(deep + 1)
      )
      return type === 'array' ? items : Object.fromEntries(items.map((item, i) => [`k${i}`, item]))
    }
    return { schema: { type, [key]: inner.schema }, value, name: type }
  }

  #enumOrFixed(space: string): Made {
    const short = `n${this.#count++}`
    const name = space ? `${space}.${short}` : short
    if (this.next() < 0.5) {
      const symbols = ['A', 'B', 'C']
      const value = () => symbols[this.below(3)]
      return { schema: { type: 'enum', name: short, namespace: space, symbols }, value, name }
    }
    const size = this.below(9)
    const value = () => Buffer.alloc(size, 7)
    return { schema: { type: 'fixed', name, size }, value, name }
  }

  /** The record around it, in a union that can end it. */
  #recursive(self: Made): Made {
    const value = (deep: number) =>
      deep > 4 || this.next() < 0.5 ? null : { [self.name]: self.value(deep + 1) }
    return { schema: ['null', self.schema], value, name: 'union' }
  }
}

/** What a value tree says at a path; null where a record or branch is not there. avsc wraps what is in a union. */
function at(value: unknown, path: string, isWrapped: boolean): unknown {
  let here = value
  for (const step of path.split('.')) here = (here as Record<string, unknown> | null)?.[step]
  if (isWrapped && here && typeof here === 'object') here = Object.values(here)[0]
  return here !== null && typeof here === 'object' ? null : (here ?? null)
}

function cellOf(column: ScalarColumn, row: number): unknown {
  if (column instanceof TextColumn) return column.get(row)
  if (column.valid[row] === 0) return null
  return column.type === 'bool' ? column.values[row] === 1 : column.values[row]!
}

interface Case {
  readonly schema: unknown
  readonly data: Buffer[]
  readonly values: unknown[]
  readonly columns: ReadonlyMap<string, ScalarType>
}

function makeCase(seed: number): Case {
  const generator = new Generator(seed)
  const made = generator.record('', '', 0)
  const type = avro.Type.forSchema(made.schema as avro.Schema, { wrapUnions: true })
  const values = Array.from({ length: PACKETS }, () => made.value(0))
  return {
    schema: made.schema,
    data: values.map((value) => type.toBuffer(value)),
    values,
    columns: generator.columns
  }
}

/** What our decoder makes of the data, by path; and whether each datum ended where it should. */
function decoded({ schema, data, columns }: Case): {
  rows: Record<string, unknown>[]
  exact: boolean
} {
  const made = new Map([...columns].map(([path, type]) => [path, makeColumn(type, PACKETS)]))
  const sinks = { columns: made, lists: new Map(), ranges: new Map(), present: new Map() }
  const decoder = compile(resolveSchema(JSON.parse(JSON.stringify(schema))), sinks).bind(sinks)
  const all = Buffer.concat([...data, Buffer.alloc(64, 0xff)])
  const reader = new Reader(all)
  let start = 0
  let exact = true
  data.forEach((datum, row) => {
    const end = decoder(reader, start, start + datum.length, row)
    exact &&= end === start + datum.length
    start += datum.length
  })
  const rows = data.map((_, row) =>
    Object.fromEntries([...made].map(([path, column]) => [path, cellOf(column, row)]))
  )
  return { rows, exact }
}

describe('generated schemas', () => {
  const cases = Array.from({ length: SCHEMAS }, (_, seed) => makeCase(seed + 1))

  test(`${SCHEMAS} of them, ${PACKETS} packets each: as avsc wrote them, to the byte`, () => {
    let compared = 0
    for (const [seed, one] of cases.entries()) {
      const { rows, exact } = decoded(one)
      const expected = one.values.map((value) =>
        Object.fromEntries([...one.columns.keys()].map((path) => [path, at(value, path, true)]))
      )
      expect([seed, exact, rows]).toEqual([seed, true, expected])
      compared += one.columns.size
    }
    expect(compared).toBeGreaterThan(SCHEMAS)
  })

  test('as fastavro reads them', { timeout: INSTALL_MS }, async (context) => {
    const python = await pythonFor(context)
    const folder = mkdtempSync(join(tmpdir(), 'siskin-avro-'))
    const input = cases.map(({ schema, data }) => ({
      schema,
      data: data.map((datum) => datum.toString('hex'))
    }))
    writeFileSync(join(folder, 'cases.json'), JSON.stringify(input))
    const files = ['cases.json', 'values.json'].map((name) => join(folder, name))
    const { code, stderr } = await runPython(python, ['-c', FASTAVRO, ...files])
    expect([code, stderr]).toEqual([0, ''])
    const theirs = JSON.parse(readFileSync(files[1]!, 'utf8')) as (unknown[] | string)[]
    let compared = 0
    cases.forEach((one, i) => {
      const values = theirs[i]!
      if (typeof values === 'string') return // fastavro refuses the schema: counted below
      const expected = values.map((value) =>
        Object.fromEntries([...one.columns.keys()].map((path) => [path, at(value, path, false)]))
      )
      expect([i, decoded(one).rows]).toEqual([i, expected])
      compared++
    })
    expect(compared).toBeGreaterThan(SCHEMAS * 0.9)
  })

  test('ListGroup columns of a list are as long as its items say', () => {
    const list = [makeColumn('float64', 1), makeColumn('utf8', 1)] as const
    const group = new ListGroup([...list], 0)
    const schema = {
      type: 'record',
      name: 'r',
      fields: [
        {
          name: 'l',
          type: {
            type: 'array',
            items: {
              type: 'record',
              name: 'i',
              fields: [
                { name: 'x', type: ['null', 'double'] },
                { name: 's', type: 'string' }
              ]
            }
          }
        }
      ]
    }
    const sinks = {
      columns: new Map<string, ScalarColumn>([
        ['l[].x', list[0]],
        ['l[].s', list[1]]
      ]),
      lists: new Map([['l', group]]),
      ranges: new Map(),
      present: new Map()
    }
    const items = Array.from({ length: 500 }, (_, i) => ({
      x: i % 3 === 0 ? null : { double: i / 2 },
      s: `s${i}`
    }))
    const datum = avro.Type.forSchema(schema as avro.Schema, { wrapUnions: true }).toBuffer({
      l: items
    })
    const decoder = compile(resolveSchema(schema), sinks).bind(sinks)
    expect(decoder(new Reader(datum), 0, datum.length, 0)).toBe(datum.length)
    expect(group.length).toBe(500)
    const found = items.map((_, i) => [cellOf(list[0], i), cellOf(list[1], i)])
    expect(found).toEqual(items.map(({ x, s }) => [x?.double ?? null, s]))
  })
})

const FASTAVRO = `
import sys, json, io
import fastavro
out = []
for case in json.load(open(sys.argv[1])):
    try:
        schema = fastavro.parse_schema(case['schema'])
    except Exception as error:
        out.append(str(error))
        continue
    out.append([fastavro.schemaless_reader(io.BytesIO(bytes.fromhex(d)), schema) for d in case['data']])
json.dump(out, open(sys.argv[2], 'w'), default=lambda b: {'bytes': b.hex()})
`
