import { parse } from 'csv-parse/sync'
import { unknownName, UsageError } from '../../errors.ts'
import { fromText } from '../kinds.ts'
import type { Cell, Kind } from '../kinds.ts'

type Row = Readonly<Record<string, Cell>>

const WORDS: Partial<Record<Kind, string>> = {
  flag: 'true or false',
  id: 'whole number of 64 bits'
}
const OTHERS: Readonly<Record<string, string>> = { ';': 'semicolons', '\t': 'tabs', '|': 'bars' }

/** CSV by its header; lines that begin with # are left out, and may end as they like. @throws Error for what is none */
export function csvTable(bytes: Uint8Array) {
  const options = {
    bom: true,
    comment: '#',
    comment_no_infix: true,
    record_delimiter: ['\r\n', '\n', '\r'],
    skip_empty_lines: true,
    trim: true
  }
  const file = Buffer.from(bytes)
  const [[first = '', ...more] = []]: string[][] = parse(file, {
    ...options,
    to: 1,
    relax_column_count: true
  })
  if (first === '' && more.length === 0)
    throw new Error('it is empty: a line with the names of columns is wanted')
  const other = Object.keys(OTHERS).find((sign) => more.length === 0 && first.includes(sign))
  if (other) {
    throw new Error(`its columns are parted by ${OTHERS[other]}: commas are wanted`)
  }
  const [names = [], ...lines]: string[][] = parse(file, options)
  return { names, lines }
}

/** The columns that are asked for, each as it is asked for; an empty cell is null. */
export function csvRows(
  path: string,
  { names, lines }: ReturnType<typeof csvTable>,
  asked: ReadonlyMap<string, Kind>
): Row[] {
  const wanted = [...asked].map(([name, kind]) => ({ name, kind, at: placeOf(path, name, names) }))
  return lines.map((line, row) => {
    const cells = wanted.map(({ name, kind, at }) => {
      const text = line[at]!
      const value = text === '' ? null : fromText(text, kind)
      if (value !== undefined) return [name, value] as const
      throw new UsageError(
        `catalogue ${path}: row ${row + 1} has ${name} "${text}", which is no ${WORDS[kind] ?? kind}${isSexagesimal(text) ? ': siskin catalogue build takes such places' : ''}`
      )
    })
    return Object.fromEntries(cells)
  })
}

/** `12:34:56.7`, `12 34 56.7`, `12h34m56.7s` */
function isSexagesimal(text: string): boolean {
  return /^[+-]?\d{1,3}[:\s hd°]\s*\d{1,2}[:\s m'′]\s*[\d.]+/.test(text)
}

/** @throws UsageError for a column that is not there, or twice */
function placeOf(path: string, name: string, names: readonly string[]): number {
  const at = names.indexOf(name)
  if (at < 0) throw unknownName(`column of catalogue ${path}`, name, names)
  if (names.lastIndexOf(name) === at) return at
  throw new UsageError(`catalogue ${path}: two columns are called "${name}": rename one`)
}
