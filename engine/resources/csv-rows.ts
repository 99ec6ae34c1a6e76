import { parse } from 'csv-parse/sync'
import type { Need } from '../contract/index.ts'
import { unknownName, UsageError } from '../errors.ts'

type Cell = string | number | bigint | boolean | null
type Row = Readonly<Record<string, Cell>>
type Kind = Need<unknown>['kind']

const WORDS: Partial<Record<Kind, string>> = { flag: 'true or false', id: 'whole number' }

/** CSV by its header; lines that begin with # are left out. @throws Error for what is none */
export function csvTable(bytes: Uint8Array) {
  const rows: string[][] = parse(Buffer.from(bytes), {
    bom: true,
    comment: '#',
    comment_no_infix: true,
    skip_empty_lines: true,
    trim: true
  })
  const [names = [], ...lines] = rows
  return { names, lines }
}

/** The columns that are asked for, each as it is asked for; an empty cell is null. */
export function csvRows(
  path: string,
  { names, lines }: ReturnType<typeof csvTable>,
  asked: ReadonlyMap<string, Kind>
): Row[] {
  const wanted = [...asked].map(([name, kind]) => {
    const at = names.indexOf(name)
    if (at < 0) throw unknownName(`column of catalogue ${path}`, name, names)
    return { name, kind, at }
  })
  return lines.map((line, row) => {
    const cells = wanted.map(({ name, kind, at }) => {
      const text = line[at]!
      const value = text === '' ? null : valueOf(text, kind)
      if (value !== undefined) return [name, value] as const
      throw new UsageError(
        `catalogue ${path}: row ${row + 1} has ${name} "${text}", which is no ${WORDS[kind] ?? kind}`
      )
    })
    return Object.fromEntries(cells)
  })
}

function valueOf(text: string, kind: Kind): Cell | undefined {
  if (kind === 'text') return text
  if (kind === 'id') return /^-?\d+$/.test(text) ? BigInt(text) : undefined
  if (kind === 'flag') {
    if (/^(true|t|yes|1)$/i.test(text)) return true
    return /^(false|f|no|0)$/i.test(text) ? false : undefined
  }
  const number = Number(text)
  return Number.isNaN(number) ? (text.toLowerCase() === 'nan' ? Number.NaN : undefined) : number
}
