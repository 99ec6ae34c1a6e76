import { SiskinError } from '../errors.ts'
import type { Files } from './files.ts'
import { openWebHdfs } from './hdfs.ts'
import { parseHdfs } from './hdfs-address.ts'
import { refusalOf } from './webhdfs-refusal.ts'
import type { WebHdfs } from './webhdfs.ts'

const AT_REST_MS = 2000
const clients = new Map<string, WebHdfs>()

/** One client a cluster: it remembers which NameNode is the active one. */
function clientOf(path: string): WebHdfs {
  const cluster = path.split('/').slice(0, 3).join('/')
  const client = clients.get(cluster) ?? openWebHdfs(cluster)
  clients.set(cluster, client)
  return client
}

async function told<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof SiskinError) throw error
    throw new SiskinError(`${path} cannot be read: ${refusalOf(error).message}`, 1, {
      cause: error
    })
  }
}

/** Files in HDFS, through WebHDFS. */
export const hdfsFiles: Files = {
  chunk: 8 * 1024 * 1024,
  fullName: (path) => path.replace(/\/+$/, ''),
  info: (path) =>
    told(path, async () => {
      const status = await clientOf(path).status(parseHdfs(path).folder)
      if (!status) return null
      if (status.type !== 'FILE') return { kind: 'folder', size: 0, stamp: null }
      const { fileId, length, modificationTime } = status
      const isAtRest = Date.now() - modificationTime >= AT_REST_MS
      const stamp = isAtRest ? [fileId, length, modificationTime].join(' ') : null
      return { kind: 'file', size: length, stamp }
    }),
  open: (path) =>
    told(path, async () => {
      const client = clientOf(path)
      const { folder: file } = parseHdfs(path)
      const size = (await client.status(file))?.length
      if (size === undefined) throw new SiskinError(`there is no ${path}`)
      const read = async (into: Uint8Array, from: number) => {
        const length = Math.min(into.length, size - from)
        if (length <= 0) return 0
        const bytes = await client.open(file, from, length)
        into.set(bytes)
        return bytes.length
      }
      return {
        read: (into, from) => told(path, () => read(into, from)),
        close: async () => {}
      }
    })
}
