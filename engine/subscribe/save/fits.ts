import { UsageError } from '../../errors.ts'
import type { AlertRecord } from '../alert.ts'
import type { Leaf } from './avro-nodes.ts'
import { ascii, fitsHeader, padded } from './fits-cards.ts'
import type { CardValue } from './fits-cards.ts'
import { jsonText } from './flat.ts'
import type { FlatColumn } from './flat.ts'

/** Columns that a table of FITS may have. */
const MOST_COLUMNS = 999

interface Code {
  readonly letter: string
  readonly bytes: number
  /** Stands for null; where there is none the type has a null of its own. */
  readonly null?: bigint
  write(to: Buffer, at: number, value: unknown): void
}

const LEAST_INT = -(2n ** 31n)
const LEAST_LONG = -(2n ** 63n)

const CODES: Record<Exclude<Leaf, 'utf8' | 'json'>, Code> = {
  bool: {
    letter: 'L',
    bytes: 1,
    write: (to, at, value) => to.writeUInt8(isNull(value) ? 0 : value ? 0x54 : 0x46, at)
  },
  int32: {
    letter: 'J',
    bytes: 4,
    null: LEAST_INT,
    write: (to, at, value) => to.writeInt32BE(Number(value ?? LEAST_INT), at)
  },
  int64: {
    letter: 'K',
    bytes: 8,
    null: LEAST_LONG,
    write: (to, at, value) => to.writeBigInt64BE((value as bigint | null) ?? LEAST_LONG, at)
  },
  float32: {
    letter: 'E',
    bytes: 4,
    write: (to, at, value) => to.writeFloatBE((value as number | null) ?? Number.NaN, at)
  },
  float64: {
    letter: 'D',
    bytes: 8,
    write: (to, at, value) => to.writeDoubleBE((value as number | null) ?? Number.NaN, at)
  },
  binary: {
    letter: 'B',
    bytes: 1,
    write: (to, at, value) => to.writeUInt8(value as number, at)
  }
}

/** A column with its bytes: `width` of each row, and of lists what they hold, row after row. */
interface Encoded {
  readonly column: FlatColumn
  readonly form: string
  readonly width: number
  readonly null?: bigint
  readonly rows: readonly Buffer[]
  readonly isList: boolean
}

/**
 * Alerts as a binary table of FITS 4.0: 64-bit ids as K, lists of any length, null as TNULL or NaN (in lists of whole
 * numbers the least there is), units (TUNIT), and as
 * TOPCAT has them UCD (TUCD) and description (TCOMM).
 * See https://fits.gsfc.nasa.gov/standard40/fits_standard40aa-le.pdf
 * @throws UsageError for more columns than such a table may have
 */
export function fitsTable(
  columns: readonly FlatColumn[],
  records: readonly AlertRecord[],
  about: string
): Uint8Array {
  if (columns.length > MOST_COLUMNS) {
    throw new UsageError(
      `--save: ${columns.length} columns, and a table of FITS may have ${MOST_COLUMNS}: choose with --fields, or save as .parquet`
    )
  }
  const encoded = columns.map((column) => encode(column, records))
  const heap: Buffer[] = []
  let used = 0
  const rows = records.flatMap((_, row) =>
    encoded.map(({ rows: own, isList, column }) => {
      const bytes = own[row]!
      if (!isList) return bytes
      const place = Buffer.alloc(8)
      place.writeInt32BE(bytes.length / codeOf(column).bytes, 0)
      place.writeInt32BE(used, 4)
      heap.push(bytes)
      used += bytes.length
      return place
    })
  )
  return Buffer.concat([
    fitsHeader([
      ['SIMPLE', true],
      ['BITPIX', 8],
      ['NAXIS', 0],
      ['EXTEND', true]
    ]),
    fitsHeader(tableCards(encoded, records.length, used, about)),
    padded(Buffer.concat([...rows, ...heap]), 0)
  ])
}

function tableCards(encoded: readonly Encoded[], rows: number, heap: number, about: string) {
  const width = encoded.reduce((sum, own) => sum + own.width, 0)
  const cards: (readonly [string, CardValue])[] = [
    ['XTENSION', 'BINTABLE'],
    ['BITPIX', 8],
    ['NAXIS', 2],
    ['NAXIS1', width],
    ['NAXIS2', rows],
    ['PCOUNT', heap],
    ['GCOUNT', 1],
    ['TFIELDS', encoded.length],
    ['EXTNAME', 'alerts'],
    ['LONGSTRN', 'OGIP 1.0'],
    ['RADESYS', 'ICRS'],
    ['TIMESYS', 'UTC'],
    ['TITLE', about]
  ]
  return [...cards, ...encoded.flatMap(columnCards)]
}

function columnCards(own: Encoded, i: number): [string, CardValue][] {
  const { name, unit, ucd, doc } = own.column
  const texts = [
    ['TTYPE', name],
    ['TFORM', own.form],
    ['TUNIT', unit],
    ['TUCD', ucd],
    ['TCOMM', doc]
  ]
  const given = texts.filter(([, text]) => text !== '')
  const cards = given.map(([key, text]): [string, CardValue] => [`${key}${i + 1}`, text!])
  if (own.null !== undefined) cards.push([`TNULL${i + 1}`, own.null])
  return cards
}

function encode(column: FlatColumn, records: readonly AlertRecord[]): Encoded {
  const values = records.map((record) => column.of(record))
  if (isText(column)) return encodeText(column, values)
  const code = codeOf(column)
  const isList = column.isList || column.kind === 'binary'
  const rows = values.map((value) => {
    const items = isList ? ((value ?? []) as ArrayLike<unknown>) : [value]
    const bytes = Buffer.alloc(items.length * code.bytes)
    for (let i = 0; i < items.length; i++) code.write(bytes, i * code.bytes, items[i])
    return bytes
  })
  const longest = Math.max(0, ...rows.map(({ length }) => length / code.bytes))
  return {
    column,
    form: isList ? `1P${code.letter}(${longest})` : `1${code.letter}`,
    width: isList ? 8 : code.bytes,
    // astropy 8.0 cannot read a list whose column has one
    ...(code.null !== undefined && !isList && { null: code.null }),
    rows,
    isList
  }
}

function encodeText(column: FlatColumn, values: readonly unknown[]): Encoded {
  const texts = values.map((value) => textOf(column, value))
  const width = Math.max(1, ...texts.map(({ length }) => length))
  const rows = texts.map((text) => Buffer.from(text.padEnd(width, '\0'), 'latin1'))
  return { column, form: `${width}A`, width, rows, isList: false }
}

/** Null and an empty text are one in FITS. */
function textOf({ kind, isList }: FlatColumn, value: unknown): string {
  if (isNull(value)) return ''
  const isPlain = !isList && typeof value === 'string'
  const text = isPlain ? value : jsonText(value, kind).replaceAll(/[^\x20-\x7e]/g, escape)
  return ascii(text)
}

function escape(letter: string): string {
  return `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** Lists of texts have no type in a table of FITS: they are one text, JSON. */
function isText({ kind, isList }: FlatColumn): boolean {
  return kind === 'utf8' || kind === 'json' || (isList && kind === 'binary')
}

function codeOf({ kind }: FlatColumn): Code {
  return CODES[kind as keyof typeof CODES]
}

function isNull(value: unknown): value is null | undefined {
  return value === null || value === undefined
}
