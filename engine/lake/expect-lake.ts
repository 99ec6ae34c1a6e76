import { UsageError } from '../errors.ts'
import type { Store } from '../store/store.ts'
import { OWN } from './ledger.ts'

/**
 * A night without an alert leaves no part, and is remembered all the same.
 * @throws UsageError where a lake should be and is none.
 */
export async function expectLake(store: Store): Promise<void> {
  const own = await store.entries(OWN)
  if (own.some(({ name }) => name === 'ledger' || name === 'sources')) return
  throw new UsageError(
    `"${store.root}" holds no lake: give the folder that "siskin run --lake" or "siskin stream --lake" filled`
  )
}
