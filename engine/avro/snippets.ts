/** The JavaScript that compiled decoders are put together from. `p` is the position, `b` a byte, `x` a number. */

/** Hands the position to the reader for what is not worth writing out, and takes it back. */
export const viaReader = (call: string) => `r.p = p; ${call}; p = r.p`

/** A zigzag varint into `x`; one byte, as nearly all are, without a call. */
export const LONG = `b = u[p]; if (b < 128) { p++; x = (b >>> 1) ^ -(b & 1) } else { ${viaReader('x = r.long()')} }`

/** Steps over a value whose length its type tells. */
export const SKIP = {
  null: '',
  boolean: 'p += 1',
  int: LONG,
  long: LONG,
  float: 'p += 4',
  double: 'p += 8',
  bytes: viaReader('r.skipBytes()'),
  string: viaReader('r.skipBytes()')
} as const

/** Whether the number in `x` is one that a column can hold; a float32 column is given the single it keeps. */
const SAYS: Record<string, string> = {
  int32: 'x === (x | 0)',
  float32: '(x = Math.fround(x)) - x === 0',
  float64: 'x - x === 0'
}

/** Reads one value of an Avro type into row `row` of column number `c` of our type `column`. */
export function readInto(avro: string, column: string, c: number, row: string): string {
  if (column === 'utf8') return viaReader(`r.text(c${c}, ${row})`)
  if (column === 'int64') return `${viaReader(`r.id(c${c}.words, ${row})`)}; d${c}[${row}] = 1`
  if (column === 'bool') {
    return `b = u[p++]; if (b > 1) r.badUnion(p); v${c}[${row}] = b; d${c}[${row}] = 1`
  }
  const read = {
    int: LONG,
    long: LONG,
    float: 'x = view.getFloat32(p, true); p += 4',
    double: 'x = view.getFloat64(p, true); p += 8'
  }[avro]
  // A float read into a float32 column needs no rounding.
  const says = avro === 'float' ? SAYS['float64'] : SAYS[column]
  const otherwise = column === 'int32' ? '0' : 'NaN'
  return `${read}; if (${says}) { v${c}[${row}] = x; d${c}[${row}] = 1 } else { v${c}[${row}] = ${otherwise}; d${c}[${row}] = 0 }`
}
