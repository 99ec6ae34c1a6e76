import { recover } from '../lake/file-commit.ts'
import { layerText } from '../lake/layer-name.ts'
import type { LayerName } from '../lake/layer-name.ts'
import { stagedSources } from '../lake/layers.ts'
import type { Store } from '../store/store.ts'
import { claimsOf } from './task-claim.ts'

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
