import { randomBytes } from 'node:crypto'
import { dirname } from 'node:path/posix'
import type { Store } from './store.ts'
import { isMissing } from './store-errors.ts'

/** Replaces a small file of Siskin's own, or makes it: a reader sees the old or the new, whole. */
export async function replaceFile(store: Store, path: string, value: unknown): Promise<void> {
  await replaceBytes(store, path, jsonBytes(value))
}

export async function replaceBytes(store: Store, path: string, bytes: Uint8Array): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}.new`
  await store.write(draft, [bytes])
  await store.rename(draft, path)
  await store.settle([dirname(path)])
}

export function jsonBytes(value: unknown): Uint8Array {
  return Buffer.from(`${JSON.stringify(value, null, 1)}\n`)
}

/** A small file of Siskin's own; null if there is none. */
export async function readJson<T>(store: Store, path: string): Promise<T | null> {
  try {
    return JSON.parse(Buffer.from(await store.read(path)).toString()) as T
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}
