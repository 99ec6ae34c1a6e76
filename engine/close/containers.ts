import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { layHead, syncOf } from '../avro/container.ts'
import { isContainer, readBlockHead, readHeader, SYNC_BYTES } from '../avro/heads.ts'
import type { ContainerHeader } from '../avro/heads.ts'
import { MOST_MERGED } from '../avro/merged-topic.ts'
import type { Moved } from '../lake/closed.ts'
import type { PartFile } from '../lake/ledger.ts'
import { atOnce } from '../store/at-once.ts'
import { isMissing } from '../store/errors.ts'
import type { Store } from '../store/store.ts'
import { DamagedFile } from './damaged.ts'
import { Summed } from './summed.ts'

export interface MergeOptions {
  readonly store: Store
  /** Where the new files are written until they are in their places. */
  readonly folder: string
  /** Bytes from which on a file is closed and the next is begun. */
  readonly target: number
  /** The place of the nth file. */
  readonly pathOf: (nth: number) => string
  /** What the header of a file says of those it is made of. */
  readonly metadataOf?: (files: readonly PartFile[]) => Readonly<Record<string, string>>
  readonly onWritten: (bytes: number) => void
  readonly onStaged: () => void
}

export interface Merged {
  readonly files: readonly PartFile[]
  readonly moved: readonly Moved[]
}

interface Input {
  readonly file: PartFile
  /** Files of one writer schema and codec go together. */
  readonly group: string
}

const HEADS_AT_ONCE = 8
const FIRST_READ = 64 * 1024

/**
 * Merges Avro containers into few: their blocks as they are, whatever their codec, behind one header a file. Files keep their
 * order where they have one schema and codec. One of them is held in memory at a time.
 * @throws DamagedFile for one that is not as the ledger says
 */
export async function mergeContainers(
  files: readonly PartFile[],
  options: MergeOptions
): Promise<Merged> {
  const inputs: Input[] = []
  await atOnce([...files.entries()], HEADS_AT_ONCE, async ([i, file]) => {
    inputs[i] = { file, group: await groupOf(options.store, file) }
  })
  const made: PartFile[] = []
  const moved: Moved[] = []
  for (const own of Map.groupBy(inputs, ({ group }) => group).values()) {
    for (const some of cut(own, options.target)) {
      const merged = await mergeInto(some, options.pathOf(made.length), options)
      made.push(merged.file)
      moved.push(...merged.moved)
      options.onStaged()
    }
  }
  return { files: made, moved }
}

async function groupOf(store: Store, { path, bytes }: PartFile): Promise<string> {
  for (let want = FIRST_READ; ; want *= 4) {
    const header = headerOf(path, await store.read(path, 0, Math.min(want, bytes)), want < bytes)
    if (!header) continue
    return createHash('sha256').update(header.schema).update(`\n${header.codec}`).digest('hex')
  }
}

/** Null: more of the file is needed. */
function headerOf(path: string, bytes: Uint8Array, isCut: boolean): ContainerHeader | null {
  const header = isContainer(bytes, 0) ? readHeader(bytes, 0, bytes.length) : null
  if (!header && !(isCut && isContainer(bytes, 0))) throw damaged(path, 'its header is not whole')
  return header
}

function* cut(inputs: readonly Input[], target: number): Generator<Input[]> {
  let some: Input[] = []
  let bytes = 0
  for (const input of inputs) {
    some.push(input)
    bytes += input.file.bytes
    if (bytes < target && some.length < MOST_MERGED) continue
    yield some
    some = []
    bytes = 0
  }
  if (some.length > 0) yield some
}

async function mergeInto(
  inputs: readonly Input[],
  path: string,
  { store, folder, metadataOf, onWritten }: MergeOptions
): Promise<{ readonly file: PartFile; readonly moved: Moved[] }> {
  const moved: Moved[] = []
  const sum = new Summed()
  const sync = syncOf(path)
  const metadata = metadataOf?.(inputs.map(({ file }) => file)) ?? {}
  let rows = 0
  await store.writeFrom(`${folder}/${path}`, async function* () {
    moved.length = rows = 0
    sum.restart()
    for (const { file } of inputs) {
      const bytes = await readWhole(store, file)
      const { header, count } = withSync(file.path, bytes, sync)
      if (moved.length === 0) yield sum.add(headOf(path, header, metadata))
      moved.push({ from: file.path, to: path, at: sum.bytes - header.end, nth: rows, rows: count })
      rows += count
      if (count !== file.rows) throw damaged(file.path, `${count} instead of ${file.rows} packets`)
      yield sum.add(bytes.subarray(header.end))
      onWritten(bytes.length)
    }
  })
  const { bytes, crc } = sum
  const kind = inputs[0]!.file.kind
  return { file: { path, kind, rows, bytes, crc32: crc }, moved }
}

/** @throws DamagedFile where it is not what the ledger says of it. */
export async function readWhole(store: Store, file: PartFile): Promise<Uint8Array> {
  const bytes = await store.read(file.path).catch((error: unknown) => {
    if (!isMissing(error)) throw error
    throw damaged(file.path, 'it is missing') // a layer; of the files of a part that is known before
  })
  const sum = crc32(bytes).toString(16).padStart(8, '0')
  if (sum === file.crc32) return bytes
  throw damaged(file.path, `the CRC-32 of its bytes is ${sum} instead of ${file.crc32}`)
}

function headOf(
  path: string,
  { schema, codec }: ContainerHeader,
  metadata: Readonly<Record<string, string>>
): Uint8Array {
  return layHead(path, schema, codec, metadata)
}

/** Puts another marker behind each block, in place. @throws DamagedFile */
export function withSync(
  path: string,
  bytes: Uint8Array,
  sync: Uint8Array
): { readonly header: ContainerHeader; readonly count: number } {
  const header = headerOf(path, bytes, false)!
  let count = 0
  for (let at = header.end; at < bytes.length;) {
    const head = readBlockHead(bytes, at, bytes.length)
    const end = head ? head.start + head.size : bytes.length
    const marker = bytes.subarray(end, end + SYNC_BYTES)
    if (!head || Buffer.compare(marker, header.sync) !== 0) {
      throw damaged(path, `no block ends at byte ${end}`)
    }
    marker.set(sync)
    count += head.packets
    at = end + SYNC_BYTES
  }
  return { header, count }
}

function damaged(path: string, what: string): DamagedFile {
  return new DamagedFile(path, `${path} is damaged: ${what}; siskin repair mends it`)
}
