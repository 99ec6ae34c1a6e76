import type { Survey } from '../contract/index.ts'
import type { Store, StoredFile } from '../persist/store.ts'
import { dateOf } from '../table/time.ts'
import { openParquet, spanOf } from './parquet-file.ts'
import type { ParquetFile, Row } from './parquet-file.ts'

/** Where a row of the lake is. */
export interface Found {
  readonly path: string
  readonly row: number
  /** The values of the columns asked for; all without. */
  readonly values: Row
  /** The key-value metadata of the part: who made it. */
  readonly provenance: Readonly<Record<string, string>>
}

const SURVEYS: readonly Survey[] = ['ztf', 'lsst']
const MJD_OF_ZTF_DAY_0 = 57_754
const ZTF_CANDID = /^\d{18,19}$/

/** The alert of this id; the parts of its likely night are looked at first. Null if there is none. */
export async function findAlert(store: Store, id: bigint): Promise<Found | null> {
  const guess = `/night=${likelyNight(String(id))}/`
  const files = await alertFiles(store)
  files.sort((a, b) => Number(b.path.includes(guess)) - Number(a.path.includes(guess)))
  for (const { path, size } of files) {
    const part = await openParquet(store, path, size)
    const span = spanOf(part, 'alert_id')
    if (span && (id < span[0] || id > span[1])) continue
    const ids = await part.read({ columns: ['alert_id'] })
    const row = ids.findIndex((values) => values['alert_id'] === id)
    if (row >= 0) return wholeRow(part, row)
  }
  return null
}

/** All alerts of an object in order of time, with these columns. */
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
    const values = await part.read({ columns })
    for (const row of rows) {
      found.push({ path, row, values: values[row]!, provenance: part.keys })
    }
  }
  return found.sort((a, b) => Number(a.values['mjd']) - Number(b.values['mjd']))
}

async function wholeRow(part: ParquetFile, row: number): Promise<Found> {
  const [values = {}] = await part.read({ from: row, to: row + 1 })
  return { path: part.path, row, values, provenance: part.keys }
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
