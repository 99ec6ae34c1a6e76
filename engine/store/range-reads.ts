import type { AsyncBuffer } from 'hyparquet'
import type { Store } from './store.ts'

/** A file of a store as hyparquet reads it: by ranges. A negative start counts from the end. */
export function rangeReads(store: Pick<Store, 'read'>, path: string, size: number): AsyncBuffer {
  return {
    byteLength: size,
    async slice(start, end = size) {
      const from = start < 0 ? size + start : start
      const bytes = await store.read(path, from, end - from)
      return Uint8Array.from(bytes).buffer
    }
  }
}
