import { UsageError } from '../../engine/errors.ts'
import { alertIdOf, objectIdOf } from '../../engine/subscribe/alert.ts'
import type { Alert } from '../../engine/subscribe/alert.ts'
import type { Facts } from '../../engine/subscribe/save/avro-nodes.ts'
import type { SaveOptions } from '../../engine/subscribe/save/columns.ts'
import { execFor } from '../../engine/subscribe/exec.ts'
import { checkTarget } from '../../engine/subscribe/save/files.ts'
import { jsonOf } from '../../engine/subscribe/json.ts'
import { AvroFile } from '../../engine/subscribe/save/avro.ts'
import { CsvFile } from '../../engine/subscribe/save/save-csv.ts'
import { fitsOf, HeldFile, parquetOf, votableOf } from '../../engine/subscribe/save/save-held.ts'
import type { Sink } from '../../engine/subscribe/subscribe.ts'
import { moduleColumns } from '../../engine/table/enriched.ts'
import { ALERT_COLUMNS } from '../../engine/table/schema.ts'
import { modules } from '../../science-modules/registry.ts'
import { pickFilters } from '../common/registries.ts'
import type { Settings } from '../settings/settings.ts'
import { expectOutput, JsonPrinter, TablePrinter } from './print.ts'

export interface SinkFlags {
  readonly json?: boolean
  readonly fields?: readonly string[]
  readonly stamps?: boolean
  readonly save?: string
  readonly exec?: string
  /** Nothing is read. */
  readonly lag?: boolean
  /** Several topics are read. */
  readonly several: boolean
}

/** Where the alerts go. @throws UsageError for a file that cannot be. */
export async function openSinks(flags: SinkFlags, { outPrefix }: Settings): Promise<Sink[]> {
  const { save, exec, json, several, lag = false, stamps = false, fields = null } = flags
  const sinks: Sink[] = []
  if (!lag && (json || (save === undefined && exec === undefined))) expectOutput()
  if (json) sinks.push(new JsonPrinter({ fields, stamps }))
  else if (save === undefined && exec === undefined) {
    sinks.push(new TablePrinter(fields, columnsOfFilter(outPrefix), several))
  }
  if (save !== undefined) {
    sinks.push(await openFile(save, { fields, stamps, several, declared: declared() }))
  }
  if (exec !== undefined) sinks.push(new Commands(exec, stamps))
  return sinks
}

async function openFile(path: string, options: SaveOptions): Promise<Sink> {
  await checkTarget(path)
  if (path.endsWith('.avro')) return new AvroFile(path, options.several)
  if (path.endsWith('.parquet')) return new HeldFile(path, options, parquetOf)
  if (/\.e?csv$/.test(path)) return new CsvFile(path, options)
  if (/\.(vot|votable|xml)$/.test(path)) return new HeldFile(path, options, votableOf)
  if (/\.(fits|fit)$/.test(path)) return new HeldFile(path, options, fitsOf)
  throw new UsageError(
    `--save ${path}: the name must end in .avro, .parquet, .csv, .ecsv, .vot (VOTable) or .fits`
  )
}

/** What this installation declares of its columns, by their names in a message. */
function declared(): (path: string) => Partial<Facts> | null {
  const lists = { history: 'light_curve', forced: 'forced_photometry' } as const
  const columns = [...ALERT_COLUMNS, ...modules.flatMap(moduleColumns)].map((column) => {
    const { name, list } = column
    const path = list && list !== 'own' ? `${lists[list]}.${name.slice(list.length + 1)}` : name
    return [path, column] as const
  })
  const known = new Map<string, Partial<Facts>>(columns)
  return (path) => {
    const { unit, ucd, doc } = known.get(path) ?? {}
    return { ...(unit && unit !== 'survey' && { unit }), ...(ucd && { ucd }), ...(doc && { doc }) }
  }
}

/** What modules say and a topic's filter decides by. */
function columnsOfFilter(prefix: string): (topic: string) => string[] {
  const filters = pickFilters(null)
  return (topic) => {
    const filter = filters.find((own) => topic === own.topic || topic === prefix + own.topic)
    if (!filter) return []
    const needs = [filter.requires, ...Object.values(filter.uses).map(({ requires }) => requires)]
    const columns = needs.flatMap((own) => Object.values(own).map(({ column }) => column))
    return columns
      .filter((name) => name.includes('.') && !/(^|\.)(ztf|lsst)\./.test(name))
      .slice(0, 4)
  }
}

/** Hands each alert to a command. */
export class Commands implements Sink {
  readonly isFlushed = true
  readonly #command: string
  readonly #stamps: boolean
  failed = 0

  constructor(command: string, stamps: boolean) {
    this.#command = command
    this.#stamps = stamps
  }

  async take(alerts: readonly Alert[]): Promise<void> {
    for (const alert of alerts) {
      const json = jsonOf(alert, { fields: null, stamps: this.#stamps })
      const ending = await execFor(alert, this.#command, json)
      if (ending === null) continue
      this.failed++
      say(`alert ${alertIdOf(alert)} of ${objectIdOf(alert)}: the command ${ending}`)
    }
  }

  async close(): Promise<void> {}
}

export function say(message: string): void {
  console.error(`siskin: ${message}`)
}
