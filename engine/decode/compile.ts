import type { FixedColumn, TextColumn } from '../table/columns.ts'
import type { ListGroup } from '../table/columns.ts'
import type { Avro } from './avro-schema.ts'
import { PacketError } from '../reasons.ts'
import { Reader } from './reader.ts'

/** Where a byte range of the packet (a stamp) is noted instead of being copied. */
export interface RangeSink {
  readonly start: Float64Array
  readonly length: Float64Array
}

/**
 * Which paths of a packet land where. A path is dotted; `[]` marks the items of an array:
 * `candidate.jd`, `prv_candidates[].jd`. Paths without a sink are skipped, never built.
 */
export interface Sinks {
  readonly columns: ReadonlyMap<string, FixedColumn | TextColumn>
  /** Arrays whose items land in list columns, by the array's path. */
  readonly lists: ReadonlyMap<string, ListGroup>
  readonly ranges: ReadonlyMap<string, RangeSink>
  /** Nullable records whose presence is noted per row, by path. */
  readonly present: ReadonlyMap<string, Uint8Array>
}

/** Reads one packet datum at `start` into `row`; returns where the datum ended. */
export type Decoder = (reader: Reader, start: number, end: number, row: number) => number

/** What compiling found: paths that exist, and paths whose type no longer fits their column. */
export interface Compiled {
  readonly found: ReadonlySet<string>
  readonly changed: readonly string[]
  /** Binds the decoder to the columns of one table. */
  bind(sinks: Sinks): Decoder
}

/** The types a column can take in; a writer type outside is left out and named once. */
const FITS: Record<string, readonly string[]> = {
  int64: ['int', 'long'],
  int32: ['int', 'long'],
  float64: ['int', 'long', 'float', 'double'],
  float32: ['int', 'long', 'float', 'double'],
  bool: ['boolean'],
  utf8: ['string', 'enum']
}

/**
 * Compiles a writer schema into JavaScript that appends straight to columns: no object is made per
 * packet, fields without a column are stepped over. `sinks` says which columns exist (by type); the
 * code is made once per schema and bound to each table.
 */
export function compile(schema: Avro, sinks: Sinks): Compiled {
  const maker = new Code(sinks)
  maker.record(schema, '', 'row')
  const body = maker.lines.join('\n')
  const names = maker.used
  const make = new Function(
    'columns',
    'lists',
    'ranges',
    'present',
    'PacketError',
    `${names.map((name, i) => `const c${i} = columns.get(${JSON.stringify(name)})`).join('\n')}
    ${maker.usedLists.map((name, i) => `const l${i} = lists.get(${JSON.stringify(name)})`).join('\n')}
    ${maker.usedRanges.map((name, i) => `const g${i} = ranges.get(${JSON.stringify(name)})`).join('\n')}
    ${maker.usedPresent.map((name, i) => `const p${i} = present.get(${JSON.stringify(name)})`).join('\n')}
    return function decode(r, start, end, row) {
      r.p = start
      r.end = end
      ${body}
      return r.p
    }`
  ) as (...args: unknown[]) => Decoder
  return {
    found: maker.found,
    changed: maker.changed,
    bind: (to) => make(to.columns, to.lists, to.ranges, to.present, PacketError)
  }
}

/** Writes the statements that read one value; `row` is the expression of the row or list index. */
class Code {
  readonly lines: string[] = []
  readonly used: string[] = []
  readonly usedLists: string[] = []
  readonly usedRanges: string[] = []
  readonly usedPresent: string[] = []
  readonly found = new Set<string>()
  readonly changed: string[] = []
  readonly #sinks: Sinks
  #depth = 0
  #variable = 0

  constructor(sinks: Sinks) {
    this.#sinks = sinks
  }

  record(type: Avro, path: string, row: string): void {
    if (type.kind !== 'record') throw new PacketError('unreadable-schema', 'top level is no record')
    for (const field of type.fields) {
      this.value(field.type, path ? `${path}.${field.name}` : field.name, row)
    }
  }

  value(type: Avro, path: string, row: string): void {
    if (++this.#depth > 32) throw new PacketError('unreadable-schema', 'records nest without end')
    if (!this.#wanted(path)) this.skip(type)
    else this.read(type, path, row)
    this.#depth--
  }

  read(type: Avro, path: string, row: string): void {
    const { columns, ranges } = this.#sinks
    if (type.kind === 'union') return this.union(type.branches, path, row)
    if (type.kind === 'record') {
      this.presence(path, row, 1)
      return this.record(type, path, row)
    }
    if (type.kind === 'array') return this.array(type.items, path, row)
    if (ranges.has(path) && type.kind === 'primitive' && type.type === 'bytes') {
      this.found.add(path)
      const sink = `g${index(this.usedRanges, path)}`
      this.lines.push(`r.range(${sink}, ${row})`)
      return
    }
    const column = columns.get(path)
    const name = type.kind === 'primitive' ? type.type : type.kind
    if (name === 'null') return this.none(path, row)
    if (!column || !FITS[column.type]!.includes(name)) {
      if (column) this.changed.push(`${path}: ${name} does not fit ${column.type}`)
      this.skip(type)
      return this.none(path, row)
    }
    this.found.add(path)
    const sink = `c${index(this.used, path)}`
    if (type.kind === 'enum') {
      this.lines.push(`r.symbol(${JSON.stringify(type.symbols)}, ${sink}, ${row})`)
    } else {
      this.lines.push(...readInto(name, column.type, sink, row))
    }
  }

  /** The value is absent: what lies beneath `path` is null in this row. */
  none(path: string, row: string): void {
    this.presence(path, row, 0)
    for (const column of this.#sinks.columns.keys()) {
      if (column !== path && !column.startsWith(`${path}.`)) continue
      this.lines.push(`c${index(this.used, column)}.valid[${row}] = 0`)
    }
    for (const range of this.#sinks.ranges.keys()) {
      if (range !== path && !range.startsWith(`${path}.`)) continue
      this.lines.push(`g${index(this.usedRanges, range)}.length[${row}] = 0`)
    }
  }

  presence(path: string, row: string, value: 0 | 1): void {
    if (!this.#sinks.present.has(path)) return
    this.lines.push(`p${index(this.usedPresent, path)}[${row}] = ${value}`)
  }

  union(branches: Avro[], path: string, row: string): void {
    this.lines.push('switch (r.int()) {')
    branches.forEach((branch, i) => {
      this.lines.push(`case ${i}: {`)
      this.read(branch, path, row)
      this.lines.push('break }')
    })
    this.lines.push('default: r.badUnion() }')
  }

  array(items: Avro, path: string, row: string): void {
    const list = this.#sinks.lists.get(path)
    if (!list || row !== 'row') return this.skip({ kind: 'array', items })
    const l = `l${index(this.usedLists, path)}`
    const i = `i${this.#variable++}`
    const n = `n${this.#variable++}`
    this.found.add(path)
    this.lines.push(
      `let ${i} = ${l}.length`,
      `for (let ${n} = r.blockCount(); ${n} > 0; ${n} = r.blockCount()) {`,
      `${l}.ensure(${i} + ${n})`,
      `for (; ${n} > 0; ${n}--, ${i}++) { r.guard()`
    )
    this.value(items, `${path}[]`, i)
    this.lines.push('} }', `${l}.length = ${i}`)
  }

  skip(type: Avro): void {
    if (++this.#depth > 64) throw new PacketError('unreadable-schema', 'records nest without end')
    switch (type.kind) {
      case 'primitive':
        this.lines.push(SKIP[type.type])
        break
      case 'enum':
        this.lines.push('r.long()')
        break
      case 'fixed':
        this.lines.push(`r.p += ${type.size}`)
        break
      case 'record':
        for (const field of type.fields) this.skip(field.type)
        break
      case 'union':
        this.lines.push('switch (r.int()) {')
        type.branches.forEach((branch, i) => {
          this.lines.push(`case ${i}: {`)
          this.skip(branch)
          this.lines.push('break }')
        })
        this.lines.push('default: r.badUnion() }')
        break
      default:
        this.skipItems(type.kind === 'array' ? type.items : type.values, type.kind === 'map')
    }
    this.#depth--
  }

  skipItems(items: Avro, isMap: boolean): void {
    const n = `n${this.#variable++}`
    this.lines.push(
      `for (let ${n} = r.blockCount(); ${n} > 0; ${n} = r.blockCount()) {`,
      `for (; ${n} > 0; ${n}--) { r.guard()`
    )
    if (isMap) this.lines.push('r.skipBytes()')
    this.skip(items)
    this.lines.push('} }')
  }

  #wanted(path: string): boolean {
    const { columns, lists, ranges, present } = this.#sinks
    const under = (key: string) =>
      key === path || key.startsWith(`${path}.`) || key.startsWith(`${path}[`)
    for (const map of [columns, lists, ranges, present]) {
      for (const key of map.keys()) if (under(key)) return true
    }
    return false
  }
}

const SKIP = {
  null: '',
  boolean: 'r.p++',
  int: 'r.long()',
  long: 'r.long()',
  float: 'r.p += 4',
  double: 'r.p += 8',
  bytes: 'r.skipBytes()',
  string: 'r.skipBytes()'
} as const

function readInto(avro: string, column: string, sink: string, row: string): string[] {
  if (column === 'utf8') return [`r.text(${sink}, ${row})`]
  if (column === 'int64') return [`r.id(${sink}.words, ${row})`, `${sink}.valid[${row}] = 1`]
  if (column === 'int32') return [`r.int32(${sink}, ${row})`]
  if (column === 'bool') {
    return [`${sink}.values[${row}] = r.boolean()`, `${sink}.valid[${row}] = 1`]
  }
  const value = { int: 'r.long()', long: 'r.long()', float: 'r.float()', double: 'r.double()' }[
    avro
  ]
  return [`r.number(${sink}, ${row}, ${value})`]
}

function index(list: string[], name: string): number {
  const at = list.indexOf(name)
  return at >= 0 ? at : list.push(name) - 1
}
