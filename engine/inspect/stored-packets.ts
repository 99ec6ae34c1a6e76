import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { isPacketFile, rangesOf } from '../consume/archive.ts'
import { asUnreadable, Damage } from '../consume/bytes.ts'
import { isArchive } from '../consume/find-files.ts'
import { Notes } from '../consume/notes.ts'
import { walkPackets } from '../consume/packed.ts'
import type { ReadOptions, Source } from '../consume/source.ts'
import { walkTarBytes } from '../consume/walk-tar.ts'
import type { Window } from '../consume/window.ts'
import { messageOf, SiskinError, UsageError } from '../errors.ts'
import type { Store, StoredFile } from '../store/store.ts'

const CHUNK = 1024 * 1024

type Packets = Pick<Source, 'ranges'>

/** Packet files and archives of a store as sources; no more of them is read than is asked for. */
export function storedSources(store: Store, files: readonly StoredFile[]): Packets[] {
  const wanted = files.filter(({ path }) => isArchive(path) || isPacketFile(path))
  if (wanted.length === 0) {
    const [only] = files
    throw new UsageError(
      only && files.length === 1
        ? `source "${store.root}/${only.path}" is no .tar, .tar.gz, .tgz, .avro or .confluent file`
        : `folder "${store.root}" holds no .avro, .confluent, .tar or .tar.gz file`
    )
  }
  return wanted.map((file) => ({ ranges: (options) => rangesIn(store, file, options) }))
}

function rangesIn(store: Store, file: StoredFile, options: ReadOptions) {
  const { path, size } = file
  return rangesOf({ name: path }, options, async function* (window: Window) {
    if (isArchive(path)) {
      const gzipped = await isGzip(store, path)
      yield* walkTarBytes({ path, gzipped }, window, (read) => {
        const bytes = bytesOf(store, file, read)
        return gzipped ? inflated(path, bytes) : bytes
      })
    } else {
      window.from(bytesOf(store, file, () => {}))
      window.scanner.enter(path)
      yield* walkPackets(window, { name: path, size }, new Notes())
    }
  })
}

async function* bytesOf(
  store: Store,
  { path, size }: StoredFile,
  read: (bytes: number) => void
): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < size; at += CHUNK) {
    const length = Math.min(CHUNK, size - at)
    yield await store.read(path, at, length)
    read(at + length)
  }
}

async function isGzip(store: Store, path: string): Promise<boolean> {
  const head = await store.read(path, 0, 2)
  return head[0] === 0x1f && head[1] === 0x8b
}

async function* inflated(
  path: string,
  bytes: AsyncIterable<Uint8Array>
): AsyncGenerator<Uint8Array> {
  const source = Readable.from(bytes)
  const gunzip = createGunzip({ chunkSize: CHUNK })
  source.on('error', (error) => gunzip.destroy(error))
  let given = 0
  try {
    for await (const chunk of source.pipe(gunzip)) {
      given += (chunk as Buffer).length
      yield chunk as Buffer
    }
  } catch (error) {
    const told = asUnreadable(path, error)
    if (told instanceof SiskinError) throw told // the store does not give it
    throw new Damage(path, gunzip.bytesWritten, given, messageOf(error))
  } finally {
    source.destroy()
    gunzip.destroy()
  }
}
