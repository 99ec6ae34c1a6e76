import { basename } from 'node:path'
import { UsageError } from '../errors.ts'
import { isPacketFile } from './archive.ts'
import { emptyBook } from './book.ts'
import type { SourceBook } from './book.ts'
import { openFile } from './file-source.ts'
import { findFiles, isArchive } from './find-files.ts'
import { openFolder } from './folder-source.ts'
import { unreadable } from './identity.ts'
import { Notes } from './notes.ts'
import type { Source } from './source.ts'
import { filesAt, pathIn } from '../store/files.ts'

export interface OpenOptions {
  /** What the lake remembers of its sources; without, nothing is known and nothing kept. */
  readonly book: SourceBook
  /** A folder whose known files changed begins anew, as another source. */
  readonly replace: boolean
  readonly notes: Notes
}

/**
 * Opens what the user named, on this machine, in HDFS or (files alone) at a web server: an archive, a packet file, or a folder (searched recursively; each
 * archive in it is a source of its own, its loose packet files are one). A source is told by its
 * content: copied, moved or renamed it is the same, and with other content another.
 * @throws UsageError for what is no source; SiskinError for a file that cannot be read, and for a
 * folder whose known files changed.
 */
export async function openSources(
  paths: readonly string[],
  options: Partial<OpenOptions> = {}
): Promise<Source[]> {
  const how = { book: emptyBook(), replace: false, notes: new Notes(), ...options }
  const sources = new Map<string, Source>()
  const seen = new Set<string>()
  for (const path of paths) {
    const fullName = filesAt(path).fullName(path)
    if (seen.has(fullName)) throw new UsageError(`source "${path}" is named twice`)
    seen.add(fullName)
    for (const source of await openPath(path, how)) {
      const before = sources.get(source.name)
      if (!before) sources.set(source.name, source)
      else how.notes.say(`${source.path} has the content of ${before.path}: it is taken once`)
    }
  }
  return [...sources.values()]
}

async function openPath(path: string, how: OpenOptions): Promise<Source[]> {
  const info = await filesAt(path)
    .info(path)
    .catch((error: unknown) => {
      throw unreadable(path, error)
    })
  if (!info) throw new UsageError(`source "${path}": no such file or folder`)
  if (info.kind === 'folder') return await openAll(path, how)
  const name = basename(pathIn(path)).replace(/^\.+/, '') // hidden, but asked for
  if (info.kind !== 'file' || (!isArchive(name) && !isPacketFile(name))) {
    throw new UsageError(
      `source "${path}" is neither a folder nor a .tar, .tar.gz, .tgz, .avro or .confluent file (the last two also .gz)`
    )
  }
  return [await openFile(path, info.size, how)]
}

async function openAll(path: string, how: OpenOptions): Promise<Source[]> {
  const { archives, packets, files } = await findFiles(path, how.notes)
  if (archives.length + packets.length === 0 && files > 0) {
    throw new UsageError(
      `folder "${path}" holds no .avro, .confluent, .tar or .tar.gz file; ${how.notes.skippedText}`
    )
  }
  const sources: Source[] = []
  for (const archive of archives) sources.push(await openFile(archive.path, archive.size, how))
  if (packets.length > 0 || archives.length === 0) {
    const loose = await openFolder(path, packets, how)
    if (loose) sources.push(loose)
  }
  return sources
}
