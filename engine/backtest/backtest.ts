import type { Filter, Survey } from '../contract/index.ts'
import { messageOf } from '../errors.ts'
import type { Store } from '../store/store.ts'
import { select } from '../publish/select.ts'
import type { AlertFile } from '../reread/alert-files.ts'
import { PartFile } from '../reread/part-file.ts'
import { reread } from '../reread/reread.ts'
import type { Column } from '../table/columns.ts'
import { Enriched } from '../table/enriched.ts'
import { injectedIn } from '../table/injected.ts'
import type { ColumnDef } from '../table/schema.ts'
import type { AlertTable } from '../table/table.ts'
import { needsOf } from './needs.ts'

export interface BacktestOptions {
  readonly store: Store
  readonly files: readonly AlertFile[]
  readonly filter: Filter
  /** The filters that it is compared with. */
  readonly others: readonly Filter[]
  /** What the modules that are known make. */
  readonly columns: readonly ColumnDef[]
  readonly signal: AbortSignal
  readonly onFile: (done: number) => void
  readonly warn: (message: string) => void
}

interface NightCounts {
  readonly survey: Survey
  readonly night: number
  alerts: number
  selected: number
  /** Alerts over which the filter broke: not selected. */
  failed: number
}

/** How many of the alerts that it selects another one selects too. */
interface Overlap {
  readonly topic: string
  selected: number
  both: number
}

/** An alert that it selects, and where it lies. */
export interface Example extends AlertFile {
  readonly rowGroup: number
  readonly row: number
  readonly alertId: bigint
  readonly objectId: string | null
}

export interface Backtest {
  readonly nights: readonly NightCounts[]
  /** Different objects among the alerts that it selects. */
  readonly objects: number
  /** Ids of the alerts that it selects, once each. */
  readonly ids: readonly bigint[]
  readonly overlaps: readonly Overlap[]
  /** Of this filter alone, its blocks with it, ms. */
  readonly filterMs: number
  readonly examples: readonly Example[]
  /** Files that could not be read, and why: their alerts are not counted. */
  readonly damaged: readonly { readonly path: string; readonly reason: string }[]
}

const EXAMPLES = 5
/** Read besides, to name what is selected. */
const NAMES = ['alert_id', 'object_id']

/**
 * What a filter would have selected of what lies in the lake. It reads what decoding and the modules made then;
 * an alert that lies in the lake more than once counts once.
 */
export async function backtest(options: BacktestOptions): Promise<Backtest> {
  const tester = new Tester(options)
  for (const [i, file] of options.files.entries()) {
    if (options.signal.aborted) break
    await tester.file(file)
    options.onFile(i + 1)
  }
  return tester.result()
}

class Tester {
  readonly #options: BacktestOptions
  readonly #needs: ReturnType<typeof needsOf>
  readonly #nights = new Map<string, NightCounts>()
  readonly #overlaps: Overlap[]
  readonly #objects = new Set<string>()
  readonly #ids: Readonly<Record<Survey, Set<bigint>>> = { ztf: new Set(), lsst: new Set() }
  readonly #examples: Example[] = []
  readonly #damaged: Backtest['damaged'][number][] = []
  #filterMs = 0

  constructor(options: BacktestOptions) {
    const { filter, others, columns } = options
    this.#options = options
    this.#needs = needsOf([filter, ...others], columns)
    this.#overlaps = others.map(({ topic }) => ({ topic, selected: 0, both: 0 }))
  }

  async file(file: AlertFile): Promise<void> {
    const { store } = this.#options
    try {
      const part = await PartFile.open(store, file.path)
      try {
        for (let group = 0; group < part.rowGroups; group++) await this.#rowGroup(file, part, group)
      } finally {
        part.close()
      }
    } catch (error) {
      this.#damaged.push({ path: file.path, reason: messageOf(error) })
    }
  }

  async #rowGroup(file: AlertFile, part: PartFile, rowGroup: number): Promise<void> {
    const { survey, night } = file
    const { made, needed } = this.#needs
    const read = await reread(part, rowGroup, {
      survey,
      night,
      needed: new Set([...needed, ...NAMES]),
      made
    })
    const { filter, others, warn } = this.#options
    const batch = batchOf(read.table, read.made)
    const began = performance.now()
    const [own] = select([filter], batch, warn)
    this.#filterMs += performance.now() - began
    const counts = this.#countsOf(file)
    counts.alerts += realRows(read.table)
    const selections = select(others, batch, warn)
    if (own) {
      counts.failed += own.failed
      const fresh = own.rows.filter((row) => this.#isFresh(survey, read.table, row))
      counts.selected += fresh.length
      this.#remember(file, rowGroup, read.table, fresh)
    }
    const chosen = new Set(own?.rows)
    for (const { filter: other, rows } of selections) {
      const overlap = this.#overlaps[others.indexOf(other)]!
      overlap.selected += rows.length
      overlap.both += rows.filter((row) => chosen.has(row)).length
    }
  }

  #countsOf({ survey, night }: AlertFile): NightCounts {
    const key = `${survey}/${night}`
    const counts = this.#nights.get(key) ?? { survey, night, alerts: 0, selected: 0, failed: 0 }
    this.#nights.set(key, counts)
    return counts
  }

  #isFresh(survey: Survey, table: AlertTable, row: number): boolean {
    const ids = this.#ids[survey]
    const before = ids.size
    return ids.add(idOf(table, row)).size > before
  }

  #remember(file: AlertFile, rowGroup: number, table: AlertTable, rows: readonly number[]): void {
    for (const row of rows) {
      const objectId = table.text('object_id').get(row)
      if (objectId !== null) this.#objects.add(`${file.survey} ${objectId}`)
      if (this.#examples.length >= EXAMPLES) continue
      this.#examples.push({ ...file, rowGroup, row, alertId: idOf(table, row), objectId })
    }
  }

  result(): Backtest {
    return {
      nights: [...this.#nights.values()],
      objects: this.#objects.size,
      ids: [...this.#ids.ztf, ...this.#ids.lsst],
      overlaps: this.#overlaps,
      filterMs: this.#filterMs,
      examples: this.#examples,
      damaged: this.#damaged
    }
  }
}

function batchOf(table: AlertTable, made: ReadonlyMap<string, Column>): Enriched {
  const batch = new Enriched(table)
  for (const [name, column] of made) batch.columns.set(name, column)
  return batch
}

function realRows(table: AlertTable): number {
  const isInjected = injectedIn(table)
  if (!isInjected) return table.rows
  let real = 0
  for (let row = 0; row < table.rows; row++) if (!isInjected(row)) real++
  return real
}

function idOf(table: AlertTable, row: number): bigint {
  return table.fixed('alert_id').values[row] as bigint
}
