import { SiskinError } from '../errors.ts'
import { nightOfClosed } from './closed.ts'
import { OWN } from './ledger.ts'
import { CLOSING, isClaimed } from './run-claim.ts'
import { attemptsAt } from './two-phase-commit.ts'
import type { Store } from '../store/store.ts'

/**
 * To be asked by who writes beside the parts, once it has a claim of its own, for which a close looks.
 * @throws SiskinError while nights are being closed, and where a close was cut off
 */
export async function expectNoClosing(store: Store): Promise<void> {
  if (await isClaimed(store, CLOSING)) {
    throw new SiskinError(
      `nights of the lake ${store.root} are being closed by siskin close: wait for it, or stop it`
    )
  }
  for (const { name } of await store.entries(`${OWN}/staging`)) {
    const own = nightOfClosed(name)
    if (!own || (await attemptsAt(store, name)).length === 0) continue
    throw new SiskinError(
      `a close of night ${own.night} of the lake ${store.root} was cut off: run siskin close --night ${own.night} again first`
    )
  }
}
