import { setTimeout as delay } from 'node:timers/promises'
import { expectNoClosing } from '../lake/no-closing.ts'
import { keepColumns } from '../lake/kept-columns.ts'
import { PLAN, recoverLayer } from '../lake/layer-claims.ts'
import { layerText } from '../lake/layer-name.ts'
import type { LayerName } from '../lake/layer-name.ts'
import { newestClaim, RunClaim } from '../lake/run-claim.ts'
import type { Nights } from '../reread/alert-files.ts'
import type { Store } from '../store/store.ts'
import { moduleColumns } from '../table/enriched.ts'
import { partsOf } from './parts.ts'
import type { FoundParts } from './parts.ts'
import type { Task } from './task.ts'
import { layersOf } from './work.ts'
import type { LayerWork } from './work.ts'

export interface PlanOptions {
  readonly store: Store
  /** The lake as those find it who take the tasks. */
  readonly place: string
  readonly work: LayerWork
  /** Null: all. */
  readonly nights: Nights | null
  readonly onLog: (level: 'info', message: string) => void
}

const LOOK_MS = 200

/**
 * The tasks of a reprocessing, one a part: whoever takes them, wherever and how often, makes each part once. Plans of the
 * same layers are one plan, until `siskin reprocess` itself makes one of them.
 */
export async function planTasks(
  options: PlanOptions
): Promise<{ readonly tasks: readonly Task[]; readonly bad: FoundParts['bad'] }> {
  const { store, place, work, nights } = options
  const { parts, bad } = await partsOf(store, nights)
  const layers: Record<string, number> = {}
  await expectNoClosing(store)
  for (const layer of layersOf(work)) layers[layerText(layer)] = await planRun(options, layer)
  for (const module of work.modules) await keepColumns(store, moduleColumns(module))
  const tasks = parts.map((part) => ({ lake: place, ...part, layers, asOf: work.asOf }))
  return { tasks, bad }
}

/** The number that the makers of a layer have by this plan; that of the last plan, if nobody else made it since. */
async function planRun({ store, onLog }: PlanOptions, layer: LayerName): Promise<number> {
  const text = layerText(layer)
  for (;;) {
    const newest = await newestClaim(store, text)
    const isPlan = newest?.command === PLAN
    if (isPlan && newest.isOver) return newest.run
    if (isPlan && newest.isAtWork) {
      await delay(LOOK_MS)
      continue
    }
    const claim = await RunClaim.take(store, text, PLAN).catch(async (error: unknown) => {
      if ((await newestClaim(store, text))?.command === PLAN) return null // another plan was quicker
      throw error
    })
    if (!claim) continue
    try {
      await recoverLayer(store, layer, claim.run, onLog)
      return claim.run
    } finally {
      await claim.release()
    }
  }
}
