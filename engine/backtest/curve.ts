import { alertRecord } from '../inspect/record.ts'
import type { AlertRecord } from '../inspect/record.ts'
import type { Store } from '../store/store.ts'
import { PartFile } from '../reread/part-file.ts'
import { reread } from '../reread/reread.ts'
import { ALERT_COLUMNS } from '../table/schema.ts'
import type { Example } from './backtest.ts'

const HISTORY = new Set(
  ALERT_COLUMNS.filter(({ list }) => list === 'history').map(({ name }) => name)
)

/** The history of an alert, a list by column, with null where it cannot say. */
export async function curveOf(
  store: Store,
  { path, survey, night, rowGroup, row }: Example
): Promise<AlertRecord> {
  const part = await PartFile.open(store, path)
  try {
    const { table } = await reread(part, rowGroup, { survey, night, needed: HISTORY, made: [] })
    return alertRecord(table, row)
  } finally {
    part.close()
  }
}
