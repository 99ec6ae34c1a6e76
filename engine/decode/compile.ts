import type { FixedColumn, TextColumn } from '../table/columns.ts'
import type { ListGroup } from '../table/columns.ts'
import type { Avro } from './avro-schema.ts'
import { PacketError } from '../reasons.ts'
import type { Reader } from './reader.ts'
import { LONG, readInto, SKIP, viaReader } from './snippets.ts'

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
  const code = new Code(sinks)
  code.record(schema, '', 'row')
  const bound = (prefix: string, map: string, names: readonly string[]) =>
    names.map((name, i) => `const ${prefix}${i} = ${map}.get(${JSON.stringify(name)})`).join('\n')
  // oxlint-disable-next-line typescript/no-implied-eval -- the point of compiling; names go in as JSON
  const make = new Function(
    'columns',
    'lists',
    'ranges',
    'present',
    `${bound('c', 'columns', code.used)}
    ${code.fixed.map((i) => `const v${i} = c${i}.values, d${i} = c${i}.valid`).join('\n')}
    ${bound('l', 'lists', code.usedLists)}
    ${bound('g', 'ranges', code.usedRanges)}
    ${bound('s', 'present', code.usedPresent)}
    return function decode(r, start, end, row) {
      const u = r.bytes, view = r.view
      let p = start, b = 0, x = 0
      r.end = end
      ${code.lines.join('\n')}
      return p
    }`
  ) as (...args: unknown[]) => Decoder
  return {
    found: code.found,
    changed: code.changed,
    bind: (to) => make(to.columns, to.lists, to.ranges, to.present)
  }
}

/** A schema that writes out to more than this was made to take the memory: real ones need 2,000. */
const MOST_LINES = 100_000

/**
 * Writes the statements that read one value. `row` is the expression of the row or list index. Of a
 * column with number i, `c` is the column, `v` its values and `d` its validity. Scalar columns never
 * grow, so their arrays are bound once; those of lists are taken anew after each growth.
 */
class Code {
  readonly lines: string[] = []
  readonly used: string[] = []
  /** Numbers of scalar columns whose arrays are bound once. */
  readonly fixed: number[] = []
  readonly usedLists: string[] = []
  readonly usedRanges: string[] = []
  readonly usedPresent: string[] = []
  readonly found = new Set<string>()
  readonly changed: string[] = []
  readonly #sinks: Sinks
  #listColumns: number[] | null = null
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
    if (this.#wanted(path)) this.read(type, path, row)
    else this.skip(type)
    this.#depth--
  }

  read(type: Avro, path: string, row: string): void {
    if (type.kind === 'union') {
      return this.branch(type.branches, (branch) => this.read(branch, path, row))
    }
    if (type.kind === 'record') {
      this.presence(path, row, 1)
      return this.record(type, path, row)
    }
    if (type.kind === 'array') return this.array(type.items, path, row)
    this.leaf(type, path, row)
  }

  leaf(type: Avro, path: string, row: string): void {
    const { columns, ranges } = this.#sinks
    const name = type.kind === 'primitive' ? type.type : type.kind
    if (name === 'null') return this.none(path, row)
    if (ranges.has(path) && name === 'bytes') {
      this.found.add(path)
      this.lines.push(viaReader(`r.range(g${index(this.usedRanges, path)}, ${row})`))
      return
    }
    const column = columns.get(path)
    if (!column || !FITS[column.type]!.includes(name)) {
      if (column) this.changed.push(`${path}: ${name} does not fit ${column.type}`)
      this.skip(type)
      return this.none(path, row)
    }
    this.found.add(path)
    const c = this.#column(path)
    if (type.kind === 'enum') {
      this.lines.push(viaReader(`r.symbol(${JSON.stringify(type.symbols)}, c${c}, ${row})`))
    } else {
      this.lines.push(readInto(name, column.type, c, row))
    }
  }

  /** The value is absent: what lies beneath `path` is null in this row. */
  none(path: string, row: string): void {
    this.presence(path, row, 0)
    for (const column of this.#sinks.columns.keys()) {
      if (column !== path && !column.startsWith(`${path}.`)) continue
      this.lines.push(`d${this.#column(column)}[${row}] = 0`)
    }
    for (const range of this.#sinks.ranges.keys()) {
      if (range !== path && !range.startsWith(`${path}.`)) continue
      this.lines.push(`g${index(this.usedRanges, range)}.length[${row}] = 0`)
    }
  }

  presence(path: string, row: string, value: 0 | 1): void {
    if (!this.#sinks.present.has(path)) return
    this.lines.push(`s${index(this.usedPresent, path)}[${row}] = ${value}`)
  }

  /** A union: its branch number is one byte, twice the number, for all that surveys write. */
  branch(branches: Avro[], write: (branch: Avro) => void): void {
    if (branches.length > 63) throw new PacketError('unreadable-schema', 'a union of over 63 types')
    this.lines.push('switch (u[p++]) {')
    branches.forEach((branch, i) => {
      this.lines.push(`case ${i * 2}: {`)
      write(branch)
      this.lines.push('break }')
    })
    this.lines.push('default: r.badUnion(p) }')
  }

  array(items: Avro, path: string, row: string): void {
    const list = this.#sinks.lists.get(path)
    if (!list || row !== 'row') return this.skip({ kind: 'array', items })
    const l = `l${index(this.usedLists, path)}`
    const i = `i${this.#variable++}`
    this.found.add(path)
    const before = this.lines.length
    this.#listColumns = []
    this.#loop(() => this.value(items, `${path}[]`, i), `, ${i}++`, '')
    const arrays = this.#listColumns
      .map((c) => `const v${c} = c${c}.values, d${c} = c${c}.valid`)
      .join('\n')
    this.#listColumns = null
    const grow = `${l}.ensure(${i} + n)\n${arrays}`
    this.lines[before] = `let ${i} = ${l}.length\n${this.lines[before]!.replace('/*grow*/', grow)}`
    this.lines.push(`${l}.length = ${i}`)
  }

  /** The blocks of an array or map; `n` counts down inside a block. */
  #loop(item: () => void, step: string, key: string): void {
    this.lines.push(
      `for (;;) { ${viaReader('x = r.blockCount()')}
      if (x === 0) break
      let n = x
      /*grow*/
      for (; n > 0; n--${step}) { if (p > end) r.overrun()
      ${key}`
    )
    item()
    this.lines.push('} }')
  }

  skip(type: Avro): void {
    if (++this.#depth > 64) throw new PacketError('unreadable-schema', 'records nest without end')
    if (this.lines.length > MOST_LINES) {
      throw new PacketError('unreadable-schema', 'more fields than a packet can have')
    }
    switch (type.kind) {
      case 'primitive':
        this.lines.push(SKIP[type.type]!)
        break
      case 'enum':
        this.lines.push(LONG)
        break
      case 'fixed':
        this.lines.push(`p += ${type.size}`)
        break
      case 'record':
        for (const field of type.fields) this.skip(field.type)
        break
      case 'union':
        this.branch(type.branches, (branch) => this.skip(branch))
        break
      case 'array':
        this.#loop(() => this.skip(type.items), '', '')
        break
      case 'map':
        this.#loop(() => this.skip(type.values), '', SKIP['string']!)
    }
    this.#depth--
  }

  #column(path: string): number {
    const c = index(this.used, path)
    const arrays = this.#listColumns ?? this.fixed
    if (!arrays.includes(c)) arrays.push(c)
    return c
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

function index(list: string[], name: string): number {
  const at = list.indexOf(name)
  return at >= 0 ? at : list.push(name) - 1
}
