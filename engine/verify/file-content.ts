import { crc32 } from 'node:zlib'
import { parquetMetadataAsync } from 'hyparquet'
import { amount } from '../amount.ts'
import { isContainerHead, syncOf } from '../avro/container.ts'
import type { PartFile } from '../lake/ledger.ts'
import { rangeReads } from '../store/range-reads.ts'
import type { Store } from '../store/store.ts'

const CHUNK = 8 * 1024 * 1024
const HEAD = 4
const PARQUET = Buffer.from('PAR1')
const PARQUET_KINDS: readonly PartFile['kind'][] = ['alerts', 'quarantine', 'layer']

/** Hears which document says what the columns of a file are. */
export type OnDocument = (path: string) => void

/**
 * What is wrong with a file of a part that is there; null: nothing. `deep` reads all of it; else its size, and what
 * stands at its begin and end.
 */
export async function faultOf(
  store: Store,
  file: PartFile,
  size: number,
  deep: boolean,
  onDocument: OnDocument = () => {}
): Promise<string | null> {
  const { path, bytes } = file
  if (size !== bytes) return `${path} has ${amount(size, 'byte')} instead of ${bytes}`
  if (file.kind === 'taken' || file.kind === 'folded') return deep ? damaged(store, file) : null
  const isParquet = PARQUET_KINDS.includes(file.kind)
  const ends = isParquet
    ? await parquetFault(store, file, onDocument)
    : await containerFault(store, file)
  return ends !== null || !deep ? ends : damaged(store, file)
}

async function damaged(store: Store, file: PartFile): Promise<string | null> {
  const sum = await checksumOf(store, file)
  return sum === file.crc32
    ? null
    : `${file.path} is damaged: the CRC-32 of its bytes is ${sum} instead of ${file.crc32}`
}

async function parquetFault(
  store: Store,
  { path, bytes, rows }: PartFile,
  onDocument: OnDocument
): Promise<string | null> {
  const head = await store.read(path, 0, HEAD)
  if (Buffer.compare(head, PARQUET) !== 0) return `${path} is damaged: it does not begin as Parquet`
  try {
    const footer = await parquetMetadataAsync(rangeReads(store, path, bytes))
    const { num_rows, key_value_metadata: texts = [] } = footer
    const own = texts.find(({ key }) => key === 'siskin')?.value ?? '{}'
    const document = (JSON.parse(own) as Record<string, unknown>)['siskin.columns']
    if (typeof document === 'string') onDocument(document)
    return Number(num_rows) === rows
      ? null
      : `${path} holds ${amount(Number(num_rows), 'row')} instead of ${rows}`
  } catch (error) {
    return `${path} cannot be read: ${(error as Error).message}`
  }
}

async function containerFault(store: Store, { path, bytes }: PartFile): Promise<string | null> {
  const sync = syncOf(path)
  if (!isContainerHead(await store.read(path, 0, HEAD))) {
    return `${path} is damaged: it does not begin as an Avro container`
  }
  const tail = await store.read(path, bytes - sync.length, sync.length)
  return Buffer.compare(tail, sync) === 0 ? null : `${path} is damaged: it does not end as it did`
}

async function checksumOf(store: Store, { path, bytes }: PartFile): Promise<string> {
  let sum = 0
  for (let at = 0; at < bytes; at += CHUNK) {
    sum = crc32(await store.read(path, at, Math.min(CHUNK, bytes - at)), sum)
  }
  return sum.toString(16).padStart(8, '0')
}
