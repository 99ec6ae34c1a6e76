import { sourceBook } from './claimed-sources.ts'
import type { Damage } from '../consume/bytes.ts'
import type { Store } from '../store/store.ts'

/** What is read again may end otherwise, and is not given up any more. */
export async function forgetEnd(store: Store, source: string): Promise<void> {
  const book = sourceBook(store)
  const record = await book.load(source)
  if (!record || !('brokenOff' in record || 'abandoned' in record)) return
  const { brokenOff: _, abandoned: _a, ...whole } = record
  await book.save(whole)
}

/** Where a source broke off is known to the lake when all before that is in it. */
export async function keepDamage(store: Store, damage: ReadonlyMap<string, Damage>): Promise<void> {
  const book = sourceBook(store)
  for (const [source, { message }] of damage) {
    const record = await book.load(source)
    if (record?.kind === 'file' || record?.kind === 'folder')
      await book.save({ ...record, brokenOff: message })
  }
}
