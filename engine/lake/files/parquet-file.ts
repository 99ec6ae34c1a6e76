import { parquetMetadataAsync, parquetReadObjects } from 'hyparquet'
import type { FileMetaData } from 'hyparquet'
import { compressors } from './compressors.ts'
import { messageOf, SiskinError } from '../../errors.ts'
import { rangeReads } from '../../store/range-reads.ts'
import type { Store } from '../../store/store.ts'

export type Row = Readonly<Record<string, unknown>>

/** A Parquet file of a store, open: its footer is read, its columns only when they are asked for. */
export interface ParquetFile {
  readonly path: string
  readonly bytes: number
  readonly rows: number
  readonly metadata: FileMetaData
  /** Key-value metadata, the provenance of `siskin` unpacked, apart from the Arrow schema. */
  readonly keys: Readonly<Record<string, string>>
  /** Rows [from, to); all columns without `columns`. */
  read(options?: {
    readonly columns?: readonly string[]
    readonly from?: number
    readonly to?: number
  }): Promise<Row[]>
}

/** Opens a Parquet file through the store's range reads. @throws SiskinError when it is none. */
export async function openParquet(
  store: Pick<Store, 'read'>,
  path: string,
  size: number
): Promise<ParquetFile> {
  const file = rangeReads(store, path, size)
  const metadata = await parquetMetadataAsync(file).catch((error: unknown) => {
    throw new SiskinError(`${path} is no readable Parquet file: ${messageOf(error)}`)
  })
  return {
    path,
    bytes: size,
    rows: Number(metadata.num_rows),
    metadata,
    keys: provenanceOf(metadata),
    read: ({ columns, from = 0, to } = {}) =>
      parquetReadObjects({
        file,
        metadata,
        compressors,
        rowStart: from,
        ...(columns ? { columns: columns.filter((name) => name !== 'night') } : {}),
        ...(to === undefined ? {} : { rowEnd: to })
      }).then(
        (rows) => withNight(rows, path, columns),
        (error: unknown) => {
          if (error instanceof SiskinError) throw error // the store does not answer
          throw new SiskinError(
            `${path} is damaged: ${messageOf(error)}; siskin verify says what else is`,
            1,
            { cause: error }
          )
        }
      )
  }
}

/** The night of a file of the lake is the name of its folder. */
function withNight(rows: Row[], path: string, columns?: readonly string[]): Row[] {
  const night = /\/night=(\d{8})\//.exec(path)?.[1]
  if (night === undefined || (columns && !columns.includes('night'))) return rows
  return rows.map((row) => ({ ...row, night: Number(night) }))
}

/** What Siskin wrote under its one key, and every other key as it is. */
function provenanceOf({ key_value_metadata: entries = [] }: FileMetaData): Record<string, string> {
  const keys: Record<string, string> = {}
  for (const { key, value = '' } of entries) {
    if (key === 'siskin') Object.assign(keys, JSON.parse(value))
    else if (key !== 'ARROW:schema') keys[key] = value
  }
  return keys
}

/** Smallest and largest value of an int64 column by the file's statistics; null without them. */
export function spanOf(
  { metadata }: ParquetFile,
  column: string
): readonly [bigint, bigint] | null {
  let low: bigint | null = null
  let high: bigint | null = null
  for (const { columns } of metadata.row_groups) {
    const found = columns.find(({ meta_data: own }) => own?.path_in_schema.join('.') === column)
    const { min_value: min, max_value: max } = found?.meta_data?.statistics ?? {}
    if (typeof min !== 'bigint' || typeof max !== 'bigint') return null
    if (low === null || min < low) low = min
    if (high === null || max > high) high = max
  }
  return low === null || high === null ? null : [low, high]
}
