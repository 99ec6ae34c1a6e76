import { httpFiles, isHttp } from './http-files.ts'
import { openStore } from './open-store.ts'
import type { Store } from './store.ts'

/** A folder that is only read: on this machine, in HDFS, or at a web server, which cannot list what it has. */
export type Folder = Pick<Store, 'root' | 'read' | 'size'> & Partial<Pick<Store, 'list'>>

export function openFolder(address: string): Folder {
  return isHttp(address) ? httpFolder(address.replace(/\/+$/, '')) : openStore(address)
}

function httpFolder(root: string): Folder {
  const sizes = new Map<string, number | null>()
  const size = async (path: string) => {
    const known = sizes.get(path)
    if (known !== undefined) return known
    const found = (await httpFiles.info(`${root}/${path}`))?.size ?? null
    sizes.set(path, found)
    return found
  }
  return {
    root,
    size,
    async read(path, from = 0, length) {
      const file = await httpFiles.open(`${root}/${path}`)
      const bytes = new Uint8Array(length ?? ((await size(path)) ?? 0) - from)
      return bytes.subarray(0, await file.read(bytes, from))
    }
  }
}
