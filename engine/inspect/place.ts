import { stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { openStore } from '../store/open-store.ts'
import type { Store, StoredFile } from '../store/store.ts'

/** A file in its folder, or a folder; on a local disk or in HDFS. */
export type Target =
  | {
      readonly kind: 'file'
      readonly store: Store
      readonly file: StoredFile
      readonly isLocal: boolean
    }
  | { readonly kind: 'folder'; readonly store: Store; readonly isLocal: boolean }

const ADDRESS = /^([a-z][a-z0-9+]*:\/\/[^/]+)(.*)$/i

/** What lies at a path or an address (`hdfs://…`); null where there is nothing. */
export async function placeOf(thing: string): Promise<Target | null> {
  const [, root, rest = ''] = ADDRESS.exec(thing) ?? []
  if (root === undefined) return localPlace(thing)
  const path = rest.replace(/\/+$/, '')
  const name = basename(path)
  if (name !== '') {
    const store = openStore(root + dirname(path).replace(/\/$/, ''))
    const size = await store.size(name)
    if (size !== null) return { kind: 'file', store, file: { path: name, size }, isLocal: false }
  }
  const store = openStore(root + path)
  return (await store.list('')).length > 0 ? { kind: 'folder', store, isLocal: false } : null
}

async function localPlace(path: string): Promise<Target | null> {
  const info = await stat(path).catch(() => null)
  if (info?.isDirectory()) return { kind: 'folder', store: openStore(path), isLocal: true }
  if (!info?.isFile()) return null
  const file = { path: basename(path), size: info.size }
  return { kind: 'file', store: openStore(dirname(path)), file, isLocal: true }
}
