import type { Store } from '../persist/store.ts'
import { PartFile } from '../reread/part-file.ts'
import { reread } from '../reread/reread.ts'
import { TextColumn } from '../table/columns.ts'
import { ALERT_COLUMNS } from '../table/schema.ts'
import type { Example } from './backtest.ts'

const HISTORY = ALERT_COLUMNS.filter(({ list }) => list === 'history').map(({ name }) => name)

/** The history of an alert, a list by column, with null where it cannot say. */
export async function curveOf(
  store: Store,
  { path, survey, night, rowGroup, row }: Example
): Promise<Record<string, unknown[]>> {
  const part = await PartFile.open(store, path)
  try {
    const { table } = await reread(part, rowGroup, {
      survey,
      night,
      needed: new Set(HISTORY),
      made: []
    })
    const { offsets } = table.history
    const items = Array.from(
      { length: offsets[row + 1]! - offsets[row]! },
      (_, i) => offsets[row]! + i
    )
    const lists = HISTORY.map((name): [string, unknown[]] => {
      const column = table.column(name)
      const isFlag = column.type === 'bool'
      const at = (item: number) => {
        if (column.valid[item] === 0) return null
        if (column instanceof TextColumn) return column.get(item)
        return isFlag ? column.values[item] === 1 : column.values[item]
      }
      return [name, items.map(at)]
    })
    return Object.fromEntries(lists)
  } finally {
    part.close()
  }
}
