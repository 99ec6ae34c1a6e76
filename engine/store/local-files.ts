import { open, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { codeOf } from '../errors.ts'
import type { Files } from './files.ts'

/** A file that changed so short a time ago may change again within the same tick of its clock. */
const AT_REST_MS = 2000

export const localFiles: Files = {
  chunk: 1024 * 1024,
  fullName: (path) => resolve(path),
  async info(path) {
    const info = await stat(path, { bigint: true }).catch((error: unknown) => {
      if (['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) return null
      throw error
    })
    if (!info) return null
    const { dev, ino, size, mtimeNs, ctimeNs, ctimeMs } = info
    if (!info.isFile()) {
      return { kind: info.isDirectory() ? 'folder' : 'other', size: 0, stamp: null }
    }
    const isAtRest = Date.now() - Number(ctimeMs) >= AT_REST_MS
    const stamp = isAtRest ? [dev, ino, size, mtimeNs, ctimeNs].join(' ') : null
    return { kind: 'file', size: Number(size), stamp }
  },
  async open(path) {
    const file = await open(path)
    return {
      async read(into, from) {
        let done = 0
        while (done < into.length) {
          const { bytesRead } = await file.read(into, done, into.length - done, from + done)
          if (bytesRead === 0) break
          done += bytesRead
        }
        return done
      },
      close: () => file.close()
    }
  }
}
