import type { FixedColumn, ListGroup, TextColumn } from '../table/columns.ts'
import type { WriterType } from './schema.ts'
import { ReadCode } from './read-code.ts'
import type { Reader } from './reader.ts'
import { Shape } from './shape.ts'

/** Where a byte range of the packet (a stamp) is noted instead of being copied. */
export interface RangeSink {
  readonly start: Float64Array
  readonly length: Float64Array
}

/**
 * Which paths of a packet land where. A path is dotted; `[]` marks the items of an array:
 * `candidate.jd`, `prv_candidates[].jd`. Paths without a sink are skipped, never built. Of several
 * paths to one column (a field and its older names) the first that a schema has counts.
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

/** What compiling found: paths that exist, and paths with a type that does not fit their column. */
export interface Compiled {
  readonly found: ReadonlySet<string>
  readonly changed: readonly string[]
  /** Binds the decoder to the columns of one table, as long as they do not grow. */
  bind(sinks: Sinks): Decoder
}

/**
 * Compiles a writer schema into JavaScript that appends straight to columns: no object is made per
 * packet, fields without a column are stepped over. `sinks` says which columns exist (by type); the
 * code is made once per schema and bound to each table.
 * @throws PacketError if no packet can be of this schema, or it writes out without bound.
 */
export function compile(type: WriterType, sinks: Sinks): Compiled {
  const shape = new Shape(type)
  const code = new ReadCode(type, shape, sinks)
  const body = code.packet()
  const bound = (prefix: string, map: string, names: readonly string[]) =>
    names.map((name, i) => `const ${prefix}${i} = ${map}.get(${JSON.stringify(name)})`).join('\n')
  // oxlint-disable-next-line typescript/no-implied-eval -- the point of compiling; names go in as JSON
  const make = new Function(
    'columns',
    'lists',
    'ranges',
    'present',
    'symbols',
    `${bound('c', 'columns', code.used)}
    ${code.fixed.map((i) => `const v${i} = c${i}.values, d${i} = c${i}.valid`).join('\n')}
    ${bound('l', 'lists', code.usedLists)}
    ${bound('g', 'ranges', code.usedRanges)}
    ${bound('s', 'present', code.usedPresent)}
    ${code.functions()}
    return function decode(r, start, end, row) {
      const u = r.bytes, view = r.view
      let p = start, b = 0, x = 0
      r.end = end
      if (end - p < ${shape.leastBytes(type.root)}) r.overrun()
      ${body}
      return p
    }`
  ) as (...args: unknown[]) => Decoder
  return {
    found: code.found,
    changed: code.changed(),
    bind: (to) => make(to.columns, to.lists, to.ranges, to.present, code.symbols)
  }
}
