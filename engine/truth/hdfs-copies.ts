import { createHash, randomBytes } from 'node:crypto'
import { open, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { makeFolder } from '../make-folder.ts'
import { isHdfs } from '../store/hdfs-address.ts'
import type { PartFile } from '../lake/ledger.ts'
import type { Store } from '../store/store.ts'

const AT_ONCE = 4
/** The end of a Parquet file tells of all that is in it. */
const TAIL = 4096

/**
 * Where programs that know local files alone (DuckDB) find files of a lake. Files of HDFS are
 * copied the first time, into SISKIN_CACHE or `~/.cache/siskin/parts`; that folder may be removed
 * at any time.
 */
export async function localPaths(
  store: Store,
  files: readonly Pick<PartFile, 'path' | 'bytes'>[]
): Promise<string[]> {
  if (!isHdfs(store.root)) return files.map(({ path }) => join(store.root, path))
  const cache = process.env['SISKIN_CACHE'] ?? join(homedir(), '.cache/siskin/parts')
  const lake = createHash('sha256').update(store.root).digest('hex').slice(0, 16)
  const paths: string[] = []
  for (let first = 0; first < files.length; first += AT_ONCE) {
    const some = files.slice(first, first + AT_ONCE)
    const copies = some.map((file) => copyOf(store, file, join(cache, lake, file.path)))
    paths.push(...(await Promise.all(copies)))
  }
  return paths
}

async function copyOf(
  store: Store,
  { path, bytes }: Pick<PartFile, 'path' | 'bytes'>,
  copy: string
): Promise<string> {
  if (await isCopy(store, path, bytes, copy)) return copy
  const draft = `${copy}.${randomBytes(6).toString('hex')}`
  makeFolder(dirname(copy))
  try {
    await writeFile(draft, await store.read(path))
    await rename(draft, copy)
  } finally {
    await rm(draft, { force: true })
  }
  return copy
}

/** A lake may have been removed and made anew under the same name: size and end must agree. */
async function isCopy(store: Store, path: string, size: number, copy: string): Promise<boolean> {
  const file = await open(copy).catch(() => null)
  if (!file) return false
  try {
    if ((await file.stat()).size !== size) return false
    const from = Math.max(0, size - TAIL)
    const tail = Buffer.alloc(size - from)
    await file.read(tail, 0, tail.length, from)
    return tail.equals(await store.read(path, from))
  } finally {
    await file.close()
  }
}
