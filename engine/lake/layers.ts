import { stagingOf } from './two-phase-commit.ts'
import { layerSource, layerText, parseLayer } from './layer-name.ts'
import type { LayerName } from './layer-name.ts'
import { foldersIn, ledgerFolder, OWN } from './ledger.ts'
import type { PartRecord } from './ledger.ts'
import { blocksOf, readBlock } from './ledger-walk.ts'
import type { Store } from '../store/store.ts'

export const KINDS = ['layers', 'topics'] as const

/** All layers that a lake has, by the folders of their records. */
export async function layersIn(store: Store): Promise<LayerName[]> {
  const found = await Promise.all(
    KINDS.map(async (kind) => {
      const folders = await store.entries(`${OWN}/${kind}`)
      return folders.flatMap(({ name }) => parseLayer(kind, name) ?? [])
    })
  )
  return found.flat()
}

/** The sources that a layer has parts of, under their names in it. */
export async function sourcesOf(store: Store, layer: LayerName): Promise<string[]> {
  const folders = await foldersIn(store, ledgerFolder(layerText(layer)))
  return folders.map((folder) => layerSource(layer, folder.slice(folder.lastIndexOf('/') + 1)))
}

/** Those of which something lies staged. */
export async function stagedSources(store: Store, layer: LayerName): Promise<string[]> {
  const folders = await foldersIn(store, stagingOf(layerText(layer)))
  return folders.map((folder) => layerSource(layer, folder.slice(folder.lastIndexOf('/') + 1)))
}

/** The records of a layer's parts, by source and position. */
export async function* recordsOf(store: Store, layer: LayerName): AsyncGenerator<PartRecord, void> {
  for (const source of await sourcesOf(store, layer)) {
    for await (const block of blocksOf(store, source)) {
      yield* (await readBlock(store, block)).records
    }
  }
}
