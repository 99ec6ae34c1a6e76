import { PacketError } from '../reasons.ts'
import { topOf } from './schema.ts'
import type { Avro, AvroRecord, WriterType } from './schema.ts'
import type { Sinks } from './compile.ts'
import type { Shape } from './shape.ts'
import { fits, isName, SinkPaths, typeName } from './sink-paths.ts'
import { Lines, SkipCode, writeLoop, writeUnion } from './skip-code.ts'
import { readInto, viaReader } from './snippets.ts'

/**
 * Writes the statements that read one packet. `row` is the expression of the row or list index. Of a
 * column with number i, `c` is the column, `v` its values and `d` its validity. Scalar columns do not
 * grow while a decoder is bound, so their arrays are bound once; those of lists are taken anew after
 * each growth.
 */
export class ReadCode {
  readonly used: string[] = []
  /** Numbers of scalar columns whose arrays are bound once. */
  readonly fixed: number[] = []
  readonly usedLists: string[] = []
  readonly usedRanges: string[] = []
  readonly usedPresent: string[] = []
  /** Of enums that land in a column. */
  readonly symbols: string[][] = []
  readonly found = new Set<string>()
  readonly #type: WriterType
  readonly #shape: Shape
  readonly #sinks: Sinks
  readonly #paths: SinkPaths
  #lines = new Lines()
  readonly #skips: SkipCode
  /** By path: what its column takes, and the types it has that are none of those. */
  readonly #misfits = new Map<string, { readonly takes: string; readonly types: Set<string> }>()
  #listColumns: number[] | null = null
  #variable = 0

  constructor(type: WriterType, shape: Shape, sinks: Sinks) {
    this.#type = type
    this.#shape = shape
    this.#sinks = sinks
    this.#paths = new SinkPaths(type.root, sinks)
    this.#skips = new SkipCode(shape)
  }

  packet(): string {
    const { root } = this.#type
    const top = topOf(this.#type)
    if (top.kind !== 'record') throw new PacketError('unreadable-schema', 'top level is no record')
    if (root.kind !== 'union') this.#record(top, '', 'row')
    else {
      writeUnion(root.branches, this.#lines, (branch) => {
        if (branch === top) this.#record(top, '', 'row')
        else this.#lines.add('r.noRecord()')
      })
    }
    return this.#lines.text.join('\n')
  }

  /** The functions that the statements of the packet call. */
  functions(): string {
    return this.#skips.functions(this.#lines)
  }

  /** What has a sink, and a type that does not fit it, of itself or in a branch of a union. */
  changed(): string[] {
    return [...this.#misfits].map(([path, { takes, types }]) => {
      const what = `${path}: ${[...types].join(', ')} does not fit ${takes}`
      return this.found.has(path)
        ? `${what}; the column is null where its packets send it so`
        : `${what}; the column is null for its packets`
    })
  }

  #record(type: AvroRecord, path: string, row: string): void {
    for (const { name, type: own } of type.fields) {
      if (!isName(name)) this.#skip(own)
      else this.#value(own, path ? `${path}.${name}` : name, row)
    }
  }

  #value(type: Avro, path: string, row: string): void {
    if (this.#paths.wants(path)) this.#read(type, path, row)
    else this.#skip(type)
  }

  #skip(type: Avro): void {
    this.#skips.skip(type, this.#lines)
  }

  #read(type: Avro, path: string, row: string): void {
    if (type.kind === 'union') {
      return writeUnion(type.branches, this.#lines, (branch) => this.#read(branch, path, row))
    }
    if (type.kind === 'record' && !this.#hasOwnSink(path)) {
      this.#presence(path, row, 1)
      return this.#record(type, path, row)
    }
    if (type.kind === 'array' && this.#sinks.lists.has(path) && row === 'row') {
      return this.#array(type.items, path)
    }
    this.#leaf(type, path, row)
  }

  #leaf(type: Avro, path: string, row: string): void {
    const name = typeName(type)
    if (name === 'null') return this.#none(path, row)
    if (this.#sinks.ranges.has(path) && name === 'bytes') {
      this.found.add(path)
      const range = `g${index(this.usedRanges, path)}`
      return this.#lines.add(viaReader(`r.range(${range}, ${row})`))
    }
    const column = this.#sinks.columns.get(path)
    if (!column || !fits(column.type, name)) {
      this.#misfit(path, column?.type ?? this.#expected(path), name)
      this.#skip(type)
      return this.#none(path, row)
    }
    this.found.add(path)
    const c = this.#column(path)
    if (type.kind === 'enum') {
      const symbols = `symbols[${this.symbols.push(type.symbols) - 1}]`
      this.#lines.add(viaReader(`r.symbol(${symbols}, c${c}, ${row})`))
    } else {
      this.#lines.add(readInto(name, column.type, c, row))
    }
  }

  #misfit(path: string, takes: string, type: string): void {
    const known = this.#misfits.get(path) ?? { takes, types: new Set() }
    known.types.add(type)
    this.#misfits.set(path, known)
  }

  #hasOwnSink(path: string): boolean {
    const { columns, lists, ranges } = this.#sinks
    return columns.has(path) || lists.has(path) || ranges.has(path)
  }

  #expected(path: string): string {
    if (this.#sinks.lists.has(path)) return 'a list'
    return this.#sinks.ranges.has(path) ? 'bytes' : 'a record'
  }

  /** The value is absent: what lies beneath `path` is null in this row. */
  #none(path: string, row: string): void {
    this.#presence(path, row, 0)
    for (const column of this.#sinks.columns.keys()) {
      if (isBeneath(column, path) && !this.#paths.isOlder(column)) this.#null(column, row)
    }
    for (const range of this.#sinks.ranges.keys()) {
      if (!isBeneath(range, path)) continue
      this.#lines.add(`g${index(this.usedRanges, range)}.length[${row}] = 0`)
    }
  }

  #null(column: string, row: string): void {
    this.#lines.add(`d${this.#column(column)}[${row}] = 0`)
  }

  #presence(path: string, row: string, value: 0 | 1): void {
    if (!this.#sinks.present.has(path)) return
    this.#lines.add(`s${index(this.usedPresent, path)}[${row}] = ${value}`)
  }

  /** The items of a list, one behind the other in columns that grow as the packet shows them. */
  #array(items: Avro, path: string): void {
    const least = this.#shape.leastBytes(items)
    if (least === 0) return this.#skip({ kind: 'array', items })
    const l = `l${index(this.usedLists, path)}`
    const i = `i${this.#variable++}`
    const outer = this.#lines
    this.found.add(path)
    this.#lines = outer.beside()
    this.#listColumns = []
    this.#nullWhatItemsLack(items, `${path}[]`, i)
    this.#value(items, `${path}[]`, i)
    const arrays = this.#listColumns.map((c) => `const v${c} = c${c}.values, d${c} = c${c}.valid`)
    outer.add(`let ${i} = ${l}.length`)
    writeLoop(outer, least, `r.grow(${l}, ${i} + n)\n${arrays.join('\n')}`, `, ${i}++`)
    for (const line of this.#lines.text) outer.add(line)
    outer.add('} }')
    outer.add(`${l}.length = ${i}`)
    this.#listColumns = null
    this.#lines = outer
  }

  /** Entries of an earlier packet, perhaps of another schema, were in the same place. */
  #nullWhatItemsLack(items: Avro, path: string, row: string): void {
    const { columns } = this.#sinks
    const written = new Set<unknown>()
    for (const { name } of items.kind === 'record' ? items.fields : []) {
      const own = `${path}.${name}`
      if (!this.#paths.isOlder(own)) written.add(columns.get(own))
    }
    for (const [name, column] of columns) {
      if (!isBeneath(name, path) || written.has(column)) continue
      written.add(column)
      this.#null(name, row)
    }
  }

  #column(path: string): number {
    const c = index(this.used, path)
    const arrays = this.#listColumns ?? this.fixed
    if (!arrays.includes(c)) arrays.push(c)
    return c
  }
}

function isBeneath(path: string, above: string): boolean {
  return path === above || path.startsWith(`${above}.`)
}

function index(list: string[], name: string): number {
  const at = list.indexOf(name)
  return at >= 0 ? at : list.push(name) - 1
}
