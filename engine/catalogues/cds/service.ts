import { parse } from 'csv-parse/sync'
import { messageOf, OutageError, SiskinError } from '../../errors.ts'

/** The service of the CDS (cds.unistra.fr), https://cdsxmatch.u-strasbg.fr/xmatch/doc/. */
export const CDS = 'http://cdsxmatch.u-strasbg.fr/xmatch/api/v1/sync'

/** As wide as the service searches, arc seconds. */
export const WIDEST = 180

export interface Table {
  readonly service: string
  /** `simbad`, or a table of VizieR: `vizier:I/355/gaiadr3`. */
  readonly table: string
}

/** Degrees, ICRS. */
export interface Place {
  readonly ra: number
  readonly dec: number
}

/** The nearest object of a place, with its columns as text; empty for none. */
export interface Near {
  readonly separation: number
  readonly values: Readonly<Record<string, string>>
}

/**
 * Matches places with a table in one synchronous call.
 * @param columns that are wanted of the table
 * @returns by place, null where nothing is within the radius
 * @throws SiskinError for whatever is no whole answer; it may help to ask again where `canRetry`
 */
export async function xmatch(
  { service, table }: Table,
  places: readonly Place[],
  { columns, radius, signal }: { columns: readonly string[]; radius: number; signal: AbortSignal }
): Promise<(Near | null)[]> {
  const text = await post(service, formOf(table, places, columns, radius), signal)
  return nearestOf(text, places.length, columns)
}

/** Places are numbered by texts: numbers would be given back as the service sees fit. */
function formOf(
  table: string,
  places: readonly Place[],
  columns: readonly string[],
  radius: number
): FormData {
  const rows = places.map(({ ra, dec }, i) => `${ra},${dec},"p${i}"\n`)
  const form = new FormData()
  const fields = {
    request: 'xmatch',
    distMaxArcsec: String(radius),
    selection: 'all',
    RESPONSEFORMAT: 'csv',
    cat2: table,
    cols2: columns.join(','),
    colRA1: 'ra_in',
    colDec1: 'dec_in'
  }
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  const csv = new Blob([`ra_in,dec_in,place\n${rows.join('')}`], { type: 'text/csv' })
  form.append('cat1', csv, 'cat1.csv')
  return form
}

async function post(service: string, body: FormData, signal: AbortSignal): Promise<string> {
  let answer: Response
  let text: string
  try {
    answer = await fetch(service, { method: 'POST', body, signal })
    text = await answer.text()
  } catch (error) {
    throw new OutageError(`${service} does not answer: ${causeOf(error)}`, 1, { cause: error })
  }
  if (answer.ok) return text
  const said = /\S.*/.exec(text.replaceAll(/<[^>]*>/g, ' '))?.[0].slice(0, 200) ?? ''
  const what = `${service} answers ${answer.status}${said ? `: ${said}` : ''}`
  throw answer.status === 429 || answer.status >= 500
    ? new OutageError(what)
    : new SiskinError(what)
}

function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return messageOf(cause)
}

/** One row a match, several for a place with several; none for a place without. */
function nearestOf(text: string, count: number, columns: readonly string[]): (Near | null)[] {
  if (!text.endsWith('\n')) throw broken('it breaks off')
  let rows: string[][]
  try {
    rows = parse(text)
  } catch (error) {
    throw broken(messageOf(error))
  }
  const [head = [], ...lines] = rows
  const at = (name: string) => {
    const found = head.indexOf(name)
    if (found < 0) throw broken(`it has no column "${name}", but ${head.join(', ')}`)
    return found
  }
  const [apart, place] = [at('angDist'), at('place')]
  const wanted = columns.map((name) => [name, at(name)] as const)
  const nearest: (Near | null)[] = Array.from({ length: count }, () => null)
  for (const line of lines) {
    const [, digits] = /^p(\d+)$/.exec(line[place]!) ?? []
    const separation = Number(line[apart])
    const number = Number(digits)
    if (!(number < count) || line[apart] === '' || !(separation >= 0))
      throw broken(`a row is none of ours: ${line.join()}`)
    if (nearest[number] && nearest[number].separation <= separation) continue
    const values = Object.fromEntries(wanted.map(([name, cell]) => [name, line[cell]!]))
    nearest[number] = { separation, values }
  }
  return nearest
}

function broken(why: string): OutageError {
  return new OutageError(`the answer of the CDS is damaged: ${why}`)
}
