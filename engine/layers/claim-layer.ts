import { OutageError } from '../errors.ts'
import { attemptOfRun } from '../lake/file-commit.ts'
import { layerText } from '../lake/layer-name.ts'
import type { LayerName } from '../lake/layer-name.ts'
import { checkRun, newestClaim } from '../lake/run-claim.ts'
import type { Store } from '../store/store.ts'
import type { PartSpan } from './messages.ts'
import { TaskClaim } from './task-claim.ts'

/** The right to make a layer of a part. */
export interface Claim {
  readonly attempt: string
  /** @throws SiskinError when it is another's */
  readonly check: () => Promise<void>
  readonly release: () => Promise<void>
}

/** By the text of a layer. */
export type Claims = ReadonlyMap<string, Claim>

export interface Claiming {
  readonly store: Store
  /** The number of this reprocessing among those of each layer. */
  readonly runs: Readonly<Record<string, number>>
  /** Others make parts of the same runs. */
  readonly isShared: boolean
}

/** An attempt at a layer of a part, which nobody else makes from now on. */
export async function claimLayer(
  { store, runs, isShared }: Claiming,
  layer: LayerName,
  span: PartSpan,
  attempt: number
): Promise<Claim> {
  const text = layerText(layer)
  const run = runs[text] ?? 0
  const task = isShared ? await TaskClaim.take(store, layer, run, span) : null
  return {
    attempt: task?.attempt ?? attemptOfRun(run, attempt),
    check: async () => {
      if (task) await expectPlan(store, text, run)
      else await checkRun(store, text, run)
      await task?.check()
    },
    release: async () => task?.release()
  }
}

/** @throws OutageError when who planned is not the last who had the layer: no task of the plan can be done any more. */
async function expectPlan(store: Store, layer: string, run: number): Promise<void> {
  const newest = await newestClaim(store, layer)
  if (newest === null || newest.run === run) return
  throw new OutageError(
    `the plan of these tasks is over: ${newest.command ?? 'siskin'} has had ${layer} since; print the plan again`
  )
}
