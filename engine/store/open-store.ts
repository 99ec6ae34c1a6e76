import { UsageError } from '../errors.ts'
import { isHdfs } from './hdfs-address.ts'
import { hdfsStore } from './hdfs.ts'
import { localStore } from './local.ts'
import type { Store } from './store.ts'

/** Opens the store that a lake's address names. @throws UsageError for an address of an unknown kind. */
export function openStore(root: string): Store {
  if (isHdfs(root)) return hdfsStore(root)
  const scheme = /^([a-z][a-z0-9+]*):\/\//i.exec(root)?.[1]
  if (scheme) {
    throw new UsageError(
      `lake "${root}": unknown kind "${scheme}"; give a folder, swebhdfs://host:port/folder (HDFS with TLS) or hdfs://host:port/folder`
    )
  }
  return localStore(root)
}
