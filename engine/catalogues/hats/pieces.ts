import { parquetRead } from 'hyparquet'
import type { FileMetaData } from 'hyparquet'
import { compressors } from '../../lake/files/compressors.ts'
import { messageOf, SiskinError, unknownName } from '../../errors.ts'
import { openParquet } from '../../lake/files/parquet-file.ts'
import type { ParquetFile } from '../../lake/files/parquet-file.ts'
import { rangeReads } from '../../store/range-reads.ts'
import { SkyIndex } from '../sky-index.ts'
import type { Hats } from './hats.ts'
import type { Pixel } from './pixels.ts'

/** Rows of a partition that are read together, one row group of a file. */
export interface Piece {
  readonly file: ParquetFile
  readonly from: number
  readonly to: number
  /** Nested pixels of order 29, both ends inclusive; null where the file does not say. */
  readonly span: readonly [bigint, bigint] | null
}

export interface LoadedPiece {
  readonly index: SkyIndex
  readonly columns: ReadonlyMap<string, ArrayLike<unknown>>
  /** About what it takes in memory. */
  readonly bytes: number
}

/** The row groups of a partition. @throws SiskinError for a file that is missing or damaged */
export async function piecesOf(hats: Hats, pixel: Pixel): Promise<Piece[]> {
  const { folder, name, columns } = hats
  const pieces: Piece[] = []
  for (const path of await hats.filesOf(pixel)) {
    const size = await folder.size(path)
    if (size === null) throw new SiskinError(`catalogue ${name}: ${folder.root}/${path} is missing`)
    const file = await openParquet(folder, path, size)
    let from = 0
    for (const group of file.metadata.row_groups) {
      const to = from + Number(group.num_rows)
      pieces.push({ file, from, to, span: spanOf(group, columns.healpix) })
      from = to
    }
  }
  return pieces
}

type RowGroup = FileMetaData['row_groups'][number]

function spanOf({ columns }: RowGroup, name: string | null): Piece['span'] {
  const found = columns.find(({ meta_data: own }) => own?.path_in_schema.join('.') === name)
  const { min_value: low, max_value: high } = found?.meta_data?.statistics ?? {}
  return typeof low === 'bigint' && typeof high === 'bigint' ? [low, high] : null
}

/** Reads places and the columns that are wanted, nothing else. */
export async function loadPiece(
  hats: Hats,
  { file, from, to }: Piece,
  wanted: readonly string[]
): Promise<LoadedPiece> {
  const { ra, dec } = hats.columns
  const known = file.metadata.schema.slice(1).map((own) => own.name)
  const names = [...new Set([ra, dec, ...wanted])]
  const missing = names.find((own) => !known.includes(own))
  if (missing !== undefined) throw unknownName(`column of catalogue ${hats.name}`, missing, known)
  const read = await columnsOf(hats, file, { from, to, names })
  const index = new SkyIndex(numbersOf(read.get(ra)!), numbersOf(read.get(dec)!))
  const columns = new Map(wanted.map((own) => [own, read.get(own)!]))
  return { index, columns, bytes: (to - from) * (24 + 16 * wanted.length) }
}

/** Degrees, NaN for none. */
function numbersOf(values: ArrayLike<unknown>): Float64Array {
  const numbers = new Float64Array(values.length)
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    numbers[i] = typeof value === 'number' ? value : value === null ? Number.NaN : Number(value)
  }
  return numbers
}

interface Stretch {
  readonly from: number
  readonly to: number
  readonly names: readonly string[]
}

async function columnsOf(
  { folder }: Hats,
  { path, bytes, metadata }: ParquetFile,
  { from, to, names }: Stretch
): Promise<Map<string, unknown[]>> {
  const read = new Map<string, unknown[]>(names.map((own) => [own, Array(to - from).fill(null)]))
  try {
    await parquetRead({
      file: rangeReads(folder, path, bytes),
      metadata,
      compressors,
      columns: [...names],
      rowStart: from,
      rowEnd: to,
      onChunk({ columnName, columnData, rowStart }) {
        const own = read.get(columnName)!
        for (let i = 0; i < columnData.length; i++) own[rowStart - from + i] = columnData[i]
      }
    })
  } catch (error) {
    if (error instanceof SiskinError) throw error
    throw new SiskinError(`${folder.root}/${path} is damaged: ${messageOf(error)}`, 1, {
      cause: error
    })
  }
  return read
}
