import type { FileMetaData } from 'hyparquet'
import type { ParquetFile } from '../lake/files/parquet-file.ts'
import { shown } from './record.ts'

/** A Parquet file in short: what it holds, where that came from, and how the modules fared. */
export interface PartSummary {
  readonly rows: number
  readonly bytes: number
  readonly rowGroups: number
  /** Leaf columns by top-level name; 1 for a plain column. */
  readonly columns: Readonly<Record<string, number>>
  /** Names of all columns, as in `rate.mag_rate`; a list is one. */
  readonly leaves: readonly string[]
  readonly provenance: Readonly<Record<string, string>>
  /** Rows by status, of each module. */
  readonly modules: Readonly<Record<string, Record<string, number>>>
  /** Packets by reason, where it is quarantine. */
  readonly reasons: Readonly<Record<string, number>>
  /** The first of them. */
  readonly quarantined: readonly QuarantinedPacket[]
}

/** A packet in quarantine: where it was, and why it is there. */
interface QuarantinedPacket {
  readonly source: string
  /** Ordinal in its source, or offset in its partition. */
  readonly position: string
  readonly file: string
  readonly reason: string
  readonly detail: string
}

const MOST_QUARANTINED = 20
const ABOUT_QUARANTINED = ['source', 'position', 'file', 'reason', 'detail'] as const

export async function summarisePart(file: ParquetFile): Promise<PartSummary> {
  const leaves = leafPaths(file.metadata)
  const columns: Record<string, number> = {}
  for (const [top = ''] of leaves) columns[top] = (columns[top] ?? 0) + 1
  const isQuarantine = 'reason' in columns && 'packet' in columns
  return {
    rows: file.rows,
    bytes: file.bytes,
    rowGroups: file.metadata.row_groups.length,
    columns,
    leaves: leaves.map(nameOf),
    provenance: file.keys,
    modules: await statuses(file, leaves),
    reasons: isQuarantine ? countOf(await file.read({ columns: ['reason'] }), ['reason']) : {},
    quarantined: isQuarantine ? await firstQuarantined(file, columns) : []
  }
}

async function firstQuarantined(
  file: ParquetFile,
  there: Readonly<Record<string, number>>
): Promise<QuarantinedPacket[]> {
  const columns = ABOUT_QUARANTINED.filter((name) => name in there)
  const rows = await file.read({ columns, to: Math.min(file.rows, MOST_QUARANTINED) })
  return rows.map((row) => {
    const texts = ABOUT_QUARANTINED.map((name) => [name, shown(row[name])])
    return Object.fromEntries(texts) as QuarantinedPacket
  })
}

function leafPaths({ row_groups: groups }: FileMetaData): string[][] {
  const chunks = groups[0]?.columns ?? []
  return chunks.map((chunk) => chunk.meta_data?.path_in_schema ?? [])
}

/** Without the two levels that Parquet puts into a list. */
function nameOf(path: readonly string[]): string {
  return (path.at(-2) === 'list' ? path.slice(0, -2) : path).join('.')
}

async function statuses(
  file: ParquetFile,
  leaves: readonly string[][]
): Promise<Record<string, Record<string, number>>> {
  const withStatus = leaves.filter((path) => path.length === 2 && path[1] === 'status')
  const counts: Record<string, Record<string, number>> = {}
  for (const [module = ''] of withStatus) {
    counts[module] = countOf(await file.read({ columns: [module] }), [module, 'status'])
  }
  return counts
}

function countOf(rows: readonly unknown[], path: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const row of rows) {
    const value = path.reduce<unknown>((at, name) => (at as Record<string, unknown>)?.[name], row)
    const key = typeof value === 'string' ? value : 'null'
    counts[key] = (counts[key] ?? 0) + 1
  }
  return counts
}
