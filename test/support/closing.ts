import { closeNights, nightsOfLake } from '../../engine/close/close.ts'
import type { ClosedNight, CloseSizes } from '../../engine/close/close.ts'
import type { OnStep } from '../../engine/lake/two-phase-commit.ts'
import type { Store } from '../../engine/store/store.ts'
import { verify } from '../../engine/verify/verify.ts'
import type { Verdict } from '../../engine/verify/verify.ts'

const SIZES: CloseSizes = { alerts: 1e8, packets: 1e8, rowGroup: 64, memory: 1e9 }

/** Closes all nights of a lake, in this process. */
export async function closeAll(
  store: Store,
  sizes: Partial<CloseSizes> = {},
  onStep: OnStep = () => {},
  threads = 1
): Promise<ClosedNight[]> {
  return closeNights({
    store,
    nights: await nightsOfLake(store, null),
    sizes: { ...SIZES, ...sizes },
    threads,
    command: 'siskin close',
    onStep,
    onProgress: () => {},
    onLog: () => {}
  })
}

export function verdictOf(store: Store): Promise<Verdict> {
  return verify(store, { deep: true, onProgress: () => {} })
}
