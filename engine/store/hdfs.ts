import { randomBytes } from 'node:crypto'
import { userInfo } from 'node:os'
import { basename, dirname, join } from 'node:path/posix'
import { SiskinError } from '../errors.ts'
import { HTTP_PORT, HTTPS_PORT, parseHdfs } from './hdfs-address.ts'
import type { Entry, Store, StoredFile } from './store.ts'
import { Refusal, refusalOf } from './webhdfs-refusal.ts'
import { WebHdfs } from './webhdfs.ts'
import type { Pieces } from './webhdfs-http.ts'

/** Folders that are listed at the same time. */
const LISTED_AT_ONCE = 8

/**
 * The lake in HDFS, through WebHDFS.
 *
 * A file is written under a hidden name beside its own, closed, measured, and only then renamed to
 * its own, which fails if that is taken: nothing half written ever has a name, and a broken attempt
 * leaves no lease to wait for; the next takes another hidden name. A rename whose answer was lost
 * is recognised by the id that HDFS gives each file for life.
 *
 * Durable means here what HDFS promises of a closed file: its length and its place are in the edit
 * log, synced to disk; its blocks are in `dfs.namenode.replication.min` DataNodes, synced to disk
 * if `dfs.datanode.synconclose` is true and else in their memory. WebHDFS has no sync of its own,
 * so a cluster that must outlive a power cut of all its machines sets that property.
 */
export function hdfsStore(root: string, hdfs: WebHdfs = openWebHdfs(root)): Store {
  const { folder: base } = parseHdfs(root)
  const at = (path: string) => join(base, path)
  const named = (path: string) => `${root.replace(/\/$/, '')}/${path}`
  const told = async <T>(verb: string, path: string, work: Promise<T>): Promise<T> => {
    try {
      return await work
    } catch (error) {
      throw explained(verb, named(path), refusalOf(error), hdfs)
    }
  }
  return {
    root,
    write: (path, pieces) => told('write', path, writeNew(hdfs, at(path), pieces)),
    writeFrom: (path, pieces) => told('write', path, writeNew(hdfs, at(path), pieces)),
    async create(path, bytes) {
      await told('write', path, writeNew(hdfs, at(path), [bytes]))
    },
    read: (path, from = 0, length) => told('read', path, readSome(hdfs, at(path), from, length)),
    async size(path) {
      const status = await told('look at', path, hdfs.status(at(path)))
      return status?.type === 'FILE' ? status.length : null
    },
    list: (folder, drafts = false) => told('list', folder, listFiles(hdfs, base, folder, drafts)),
    entries: (folder) => told('list', folder, listEntries(hdfs, at(folder))),
    rename: (from, to) => told('rename to', to, move(hdfs, at(from), at(to))),
    sync: async () => {}, // a rename that was answered is in the edit log
    remove: (path) =>
      told(
        'remove',
        path,
        hdfs.patiently(() => hdfs.remove(at(path)))
      ),
    async modified(path) {
      const status = await told('look at', path, hdfs.status(at(path)))
      return status?.type === 'FILE' ? status.modificationTime : null
    },
    async whereabouts(path) {
      const status = await told('look at', path, hdfs.status(at(path)))
      if (!status) throw new Refusal(`there is no ${at(path)}`, 'ENOENT', false)
      return { number: String(status.fileId), place: `${root}/${path}` }
    },
    removeEmpty: (folder) =>
      told(
        'remove',
        folder,
        hdfs.patiently(() => hdfs.removeEmpty(at(folder)))
      )
  }
}

/**
 * The client of a lake's cluster; user, token and the authority's certificate come from
 * SISKIN_HDFS_USER, SISKIN_HDFS_TOKEN and SISKIN_HDFS_CA, which threads and members inherit.
 */
export function openWebHdfs(root: string, patienceMs?: number): WebHdfs {
  const { SISKIN_HDFS_USER: user, SISKIN_HDFS_TOKEN: token, SISKIN_HDFS_CA: ca } = process.env
  const { nameNodes, isSecure } = parseHdfs(root)
  return new WebHdfs({
    nameNodes,
    isSecure,
    ca: ca && ca !== 'system' ? ca : undefined,
    user: user || userInfo().username,
    token: token || undefined,
    ...(patienceMs === undefined ? {} : { patienceMs })
  })
}

/** A file that is being written, or was when its writer died. */
const DRAFT = '.writing-'

async function writeNew(hdfs: WebHdfs, path: string, pieces: Pieces): Promise<number> {
  let size = 0
  await hdfs.patiently(async () => {
    const mark = randomBytes(6).toString('hex')
    const draft = join(dirname(path), `${DRAFT}${mark}-${basename(path)}`)
    try {
      size = await hdfs.create(draft, pieces)
      const written = await hdfs.status(draft)
      if (written?.length !== size) {
        throw new Refusal(`${written?.length} of ${size} bytes arrived`, 'EIO', true)
      }
      await place(hdfs, draft, path, written.fileId, false)
    } catch (error) {
      if (!refusalOf(error).isAboutNameNode) await hdfs.remove(draft).catch(() => {})
      throw error // a draft that stays is hidden
    }
  })
  return size
}

async function move(hdfs: WebHdfs, from: string, to: string): Promise<void> {
  const source = await hdfs.status(from)
  if (!source) throw new Refusal(`there is no ${from}`, 'ENOENT', false)
  await place(hdfs, from, to, source.fileId, true)
}

/** Renames the file with this id; that it is there already is what was wanted. */
async function place(
  hdfs: WebHdfs,
  from: string,
  to: string,
  fileId: number,
  replaces: boolean
): Promise<void> {
  for (let hasFolder = false; ; hasFolder = true) {
    try {
      return await hdfs.patiently(() => hdfs.rename(from, to, replaces))
    } catch (error) {
      const { code } = refusalOf(error)
      if (code !== 'ENOENT' && code !== 'EEXIST') throw error
      if ((await hdfs.status(to))?.fileId === fileId) return
      if (hasFolder || code === 'EEXIST') throw error
      await hdfs.makeFolder(dirname(to))
    }
  }
}

async function readSome(
  hdfs: WebHdfs,
  path: string,
  from: number,
  length: number | undefined
): Promise<Uint8Array> {
  try {
    if (length !== 0) return await hdfs.open(path, from, length)
  } catch (error) {
    if (refusalOf(error).code !== 'ERANGE') throw error
  }
  if (await hdfs.status(path)) return new Uint8Array()
  throw new Refusal(`there is no ${path}`, 'ENOENT', false)
}

async function listFiles(
  hdfs: WebHdfs,
  base: string,
  folder: string,
  drafts: boolean
): Promise<StoredFile[]> {
  const files: StoredFile[] = []
  const folders = [folder]
  while (folders.length > 0) {
    const some = folders.splice(0, LISTED_AT_ONCE)
    const listings = await Promise.all(some.map((name) => hdfs.list(join(base, name))))
    for (const [i, listing] of listings.entries()) {
      for (const { pathSuffix, type, length } of listing ?? []) {
        const path = join(some[i]!, pathSuffix)
        if (type === 'DIRECTORY') folders.push(path)
        else if (pathSuffix && (drafts || !pathSuffix.startsWith(DRAFT)))
          files.push({ path, size: length })
      }
    }
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1))
}

async function listEntries(hdfs: WebHdfs, folder: string): Promise<Entry[]> {
  const listing = (await hdfs.list(folder)) ?? []
  return listing
    .filter(({ pathSuffix }) => pathSuffix && !pathSuffix.startsWith(DRAFT))
    .map(({ pathSuffix, type }) => ({ name: pathSuffix, isFolder: type === 'DIRECTORY' }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

const ADVICE: Record<string, string> = {
  EEXIST: 'it is there already',
  ENOENT: 'there is no such file',
  ENOTDIR: 'a part of the path is a file, not a folder',
  ENOSPC:
    'no DataNode takes the data: they are full, or down (see "hdfs dfsadmin -report"); when that is mended, run the same command again',
  EDQUOT: 'the quota of the folder is used up: raise it, then run the same command again',
  ESAFEMODE:
    'the NameNode is in safe mode: wait until it has left it, or see "hdfs dfsadmin -safemode get"'
}

/** An error that a person can act on. */
function explained(verb: string, place: string, refusal: Refusal, hdfs: WebHdfs): SiskinError {
  return new SiskinError(`cannot ${verb} ${place}: ${reasonOf(refusal, hdfs)}`, 1, {
    cause: refusal
  })
}

function reasonOf({ code, message, isAboutNameNode }: Refusal, hdfs: WebHdfs): string {
  if (code === 'EACCES') {
    return `no permission for user "${hdfs.user}" (${message}): set SISKIN_HDFS_USER, with Kerberos SISKIN_HDFS_TOKEN, or choose another place`
  }
  if (code === 'EKEYREJECTED') {
    return `the delegation token is not taken (${message}): put a new one into SISKIN_HDFS_TOKEN`
  }
  if (code === 'ETLS') return message
  if (isAboutNameNode) {
    return `no active NameNode answers at ${hdfs.nameNodes.join(', ')} (${message}): ${doubtOf(code, hdfs)}`
  }
  return ADVICE[code] ?? message
}

/** A server that is spoken to without TLS, and wants it, hangs up. */
function doubtOf(code: string, { isSecure }: WebHdfs): string {
  if (code !== 'ECONNRESET' || isSecure) return 'is the address right, and is HDFS up?'
  return `is it a port for TLS (${HTTPS_PORT}; give swebhdfs://…), or no port of WebHDFS (${HTTP_PORT})?`
}
