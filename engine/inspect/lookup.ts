import type { Survey } from '../contract/index.ts'
import type { Store, StoredFile } from '../store/store.ts'
import { dateOf } from '../table/time.ts'
import { openParquet, spanOf } from '../lake/files/parquet-file.ts'
import type { ParquetFile, Row } from '../lake/files/parquet-file.ts'

/** Where a row of the lake is. */
export interface Found {
  readonly path: string
  readonly row: number
  /** The values of the columns asked for; all without. */
  readonly values: Row
  /** The key-value metadata of the part: who made it. */
  readonly provenance: Readonly<Record<string, string>>
  /** How often the lake has the alert: copies that were let through, and other versions of it. This is the last. */
  readonly times: number
}

const PACKET = ['packet_file', 'packet_offset'] as const

const SURVEYS: readonly Survey[] = ['ztf', 'lsst']
const MJD_OF_ZTF_DAY_0 = 57_754
const ZTF_CANDID = /^\d{18,19}$/

/**
 * The alert of this id; the parts of its likely night are looked at first. Null if there is none. Of several the
 * last, by its packet's place: of one source that is the one which came last.
 */
export async function findAlert(store: Store, id: bigint): Promise<Found | null> {
  const guess = `/night=${likelyNight(String(id))}/`
  const files = await alertFiles(store)
  files.sort((a, b) => Number(b.path.includes(guess)) - Number(a.path.includes(guess)))
  const found: { part: ParquetFile; row: number; values: Row }[] = []
  for (const { path, size } of files) {
    if (found[0] && nightFolder(path) !== nightFolder(found[0].part.path)) continue
    const part = await openParquet(store, path, size)
    const span = spanOf(part, 'alert_id')
    if (span && (id < span[0] || id > span[1])) continue
    const all = await part.read({ columns: ['alert_id', ...PACKET] })
    for (const [row, values] of all.entries()) {
      if (values['alert_id'] === id) found.push({ part, row, values })
    }
  }
  const last = found.sort((a, b) => comparePackets(a.values, b.values)).at(-1)
  return last ? wholeRow(last.part, last.row, found.length) : null
}

/** Copies have the night of their original, and so have all versions whose time did not change. */
function nightFolder(path: string): string {
  return path.split('/', 3).join('/')
}

function comparePackets(a: Row, b: Row): number {
  const [one, two] = [String(a['packet_file']), String(b['packet_file'])]
  if (one !== two) return one < two ? -1 : 1
  return Number(a['packet_offset']) - Number(b['packet_offset'])
}

/** All alerts of an object in order of time, with these columns; each once, as `findAlert` chooses. */
export async function findObject(
  store: Store,
  object: string,
  columns: readonly string[]
): Promise<Found[]> {
  const found: Found[] = []
  for (const { path, size } of await alertFiles(store)) {
    const part = await openParquet(store, path, size)
    const objects = await part.read({ columns: ['object_id'] })
    const rows = [...objects.keys()].filter((row) => objects[row]!['object_id'] === object)
    if (rows.length === 0) continue
    const values = await part.read({ columns: [...columns, ...PACKET] })
    for (const row of rows) {
      found.push({ path, row, values: values[row]!, provenance: part.keys, times: 1 })
    }
  }
  return onlyLast(found)
    .map((one) => ({ ...one, values: chosen(one.values, columns) }))
    .sort((a, b) => Number(a.values['mjd']) - Number(b.values['mjd']))
}

function onlyLast(found: readonly Found[]): Found[] {
  const same = ({ path, values }: Found) => `${path.split('/')[0]} ${String(values['alert_id'])}`
  return [...Map.groupBy(found, same).values()].map((versions) => {
    const last = versions.sort((a, b) => comparePackets(a.values, b.values)).at(-1)!
    return { ...last, times: versions.length }
  })
}

function chosen(values: Row, columns: readonly string[]): Row {
  return Object.fromEntries(columns.map((name) => [name, values[name]]))
}

async function wholeRow(part: ParquetFile, row: number, times: number): Promise<Found> {
  const [values = {}] = await part.read({ from: row, to: row + 1 })
  return { path: part.path, row, values, provenance: part.keys, times }
}

async function alertFiles(store: Store): Promise<StoredFile[]> {
  const lists = await Promise.all(SURVEYS.map((survey) => store.list(`${survey}/alerts`)))
  return lists.flat().filter(({ path }) => path.endsWith('.parquet'))
}

/** A ZTF candid begins with the days since 2017-01-01, to six decimals. 0 for other ids. */
function likelyNight(id: string): number {
  if (!ZTF_CANDID.test(id)) return 0
  const days = Number(id.slice(0, id.length - 15))
  return dateOf(MJD_OF_ZTF_DAY_0 + days + Number(`0.${id.slice(-15, -9)}`))
}
