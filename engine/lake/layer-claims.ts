import { recover } from './file-commit.ts'
import { layerText, parseLayer } from './layer-name.ts'
import type { LayerName } from './layer-name.ts'
import { KINDS, stagedSources } from './layers.ts'
import { OWN } from './ledger.ts'
import { newestClaim } from './run-claim.ts'
import type { Store } from '../store/store.ts'

/** What the claim of a plan of tasks says that it is. */
export const PLAN = 'siskin reprocess --plan'

/** Where it is written who takes the tasks of a layer that belong to one plan. */
export function claimsOf(layer: LayerName): string {
  return `${OWN}/owners/tasks/${layerText(layer)}`
}

/** True of a layer whose tasks may be taken by somebody: nobody but its last plan made it since. */
export async function isPlanned(store: Store, layer: LayerName): Promise<boolean> {
  return (await newestClaim(store, layerText(layer)))?.command === PLAN
}

/** All layers that anybody ever claimed. */
export async function claimedLayers(store: Store): Promise<LayerName[]> {
  const found = await Promise.all(
    KINDS.map(async (kind) => {
      const folders = await store.entries(`${OWN}/owners/runs/${kind}`)
      return folders.flatMap(({ name }) => parseLayer(kind, name) ?? [])
    })
  )
  return found.flat()
}

/** Settles what earlier makers of a layer left in work. To be called by who has claimed it, as `run`. */
export async function recoverLayer(
  store: Store,
  layer: LayerName,
  run: number,
  onLog: (level: 'info', message: string) => void
): Promise<void> {
  let [finished, dropped] = [0, 0]
  for (const source of await stagedSources(store, layer)) {
    const recovered = await recover(store, source, run)
    finished += recovered.finished.length
    dropped += recovered.dropped.length
  }
  for (const { name } of await store.entries(claimsOf(layer))) {
    if (Number(name.slice('run'.length)) < run) await store.remove(`${claimsOf(layer)}/${name}`)
  }
  if (finished + dropped === 0) return
  onLog(
    'info',
    `${layerText(layer)}: the last reprocessing was cut off: ${finished} commits finished, ${dropped} unfinished parts removed`
  )
}
