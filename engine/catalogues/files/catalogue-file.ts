import { gunzipSync } from 'node:zlib'
import { messageOf, unknownName, UsageError } from '../../errors.ts'
import { openParquet } from '../../lake/files/parquet-file.ts'
import { filesAt, readWhole } from '../../store/files.ts'
import { openStore } from '../../store/open-store.ts'
import { csvRows, csvTable } from './csv-rows.ts'
import type { Kind } from '../kinds.ts'
import { unsaid } from '../place-columns.ts'
import type { CatalogueColumn } from '../place-columns.ts'
import { votableHead, votableValues } from './votable/votable.ts'

/** The file of a catalogue, open. */
export interface CatalogueFile {
  readonly path: string
  readonly bytes: Uint8Array
  readonly columns: readonly CatalogueColumn[]
  /** Values by column, each in the order of the file. */
  read(asked: ReadonlyMap<string, Kind>): Promise<ReadonlyMap<string, readonly unknown[]>>
}

interface Found {
  readonly path: string
  readonly size: number
}

type Warn = (message: string) => void
type Opener = (name: string, file: Found, bytes: Uint8Array, warn: Warn) => Promise<Opened>
type Opened = Pick<CatalogueFile, 'columns' | 'read'>

const VOTABLE = ['vot', 'votable', 'xml']
const OPENERS: Readonly<Record<string, Opener>> = {
  parquet: openParquetFile,
  csv: openCsv,
  'csv.gz': openCsv,
  ...Object.fromEntries(
    VOTABLE.flatMap((own) => [own, `${own}.gz`]).map((own) => [own, openVotable])
  )
}

/** Null where there is none of this name. @throws UsageError where there are several, and for one that cannot be read */
export async function openCatalogue(
  folder: string,
  name: string,
  warn: Warn
): Promise<CatalogueFile | null> {
  const found: (Found & { readonly open: Opener })[] = []
  for (const [ending, open] of Object.entries(OPENERS)) {
    const path = `${folder}/${name}.${ending}`
    const info = await filesAt(path).info(path)
    if (info?.kind === 'file') found.push({ path, size: info.size, open })
  }
  const [file, other] = found
  if (!file) return null
  if (other) {
    throw new UsageError(
      `catalogue ${name} is there twice: ${found.map(({ path }) => path).join(' and ')}`
    )
  }
  const { path } = file
  const bytes = await readWhole(path, file.size)
  const { columns, read } = await told(path, async () =>
    file.open(name, file, path.endsWith('.gz') ? gunzipSync(bytes) : bytes, warn)
  )
  return { path, bytes, columns, read: (asked) => told(path, () => read(asked)) }
}

async function told<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new UsageError(`catalogue ${path}: ${messageOf(error)}`, { cause: error })
  }
}

async function openCsv(name: string, _: Found, bytes: Uint8Array): Promise<Opened> {
  const table = csvTable(bytes)
  return {
    columns: table.names.map(unsaid),
    async read(asked) {
      return columnsOf(csvRows(name, table, asked), [...asked.keys()])
    }
  }
}

async function openParquetFile(name: string, { path, size }: Found): Promise<Opened> {
  const at = path.lastIndexOf('/')
  const file = await openParquet(openStore(path.slice(0, at)), path.slice(at + 1), size)
  const names = file.metadata.schema.slice(1).map((column) => column.name)
  return {
    columns: names.map(unsaid),
    async read(asked) {
      const columns = [...asked.keys()]
      expectColumns(name, columns, names)
      return columnsOf(await file.read({ columns }), columns)
    }
  }
}

async function openVotable(
  name: string,
  file: Found,
  bytes: Uint8Array,
  warn: Warn
): Promise<Opened> {
  const { fields, systems } = votableHead(bytes)
  const names = fields.map((field) => field.name)
  return {
    columns: fields.map(({ name: own, unit, ucd, ref }) => {
      return { name: own, unit, ucd, system: systems.get(ref) ?? '' }
    }),
    async read(asked) {
      const columns = [...asked.keys()]
      expectColumns(name, columns, names)
      const wanted = new Map(columns.map((own) => [own, names.indexOf(own)]))
      for (const [own, number] of wanted) {
        if (fields[number]!.isPlain) continue
        throw new Error(`"${own}" has several values a row: only single ones can be asked for`)
      }
      const { values, isCutOff } = votableValues(bytes, new Set(wanted.values()))
      if (isCutOff)
        warn(`catalogue ${file.path}: its service had more rows than it gave (OVERFLOW)`)
      return new Map([...wanted].map(([own, number]) => [own, values.get(number)!]))
    }
  }
}

/** @throws UsageError for a column that is not there, or twice */
function expectColumns(name: string, columns: readonly string[], known: readonly string[]): void {
  for (const column of columns) {
    const at = known.indexOf(column)
    if (at < 0) throw unknownName(`column of catalogue ${name}`, column, known)
    if (known.lastIndexOf(column) === at) continue
    throw new UsageError(`catalogue ${name}: two columns are called "${column}": rename one`)
  }
}

function columnsOf(
  rows: readonly Readonly<Record<string, unknown>>[],
  names: readonly string[]
): ReadonlyMap<string, readonly unknown[]> {
  return new Map(names.map((name) => [name, rows.map((row) => row[name])]))
}
