import { compareVersions, isShown, layerSource } from '../persist/layer-name.ts'
import type { LayerName } from '../persist/layer-name.ts'
import { ledgerPath } from '../persist/ledger.ts'
import type { PartRecord } from '../persist/ledger.ts'
import { readJson } from '../persist/replace-file.ts'
import type { Store } from '../persist/store.ts'

/** Where the columns of a module lie that belong to a part. */
export interface Input {
  readonly version: string
  /** Null: in the files of the part itself. */
  readonly layer: LayerName | null
}

/** The record of a layer's part; null where there is none. */
export function layerRecord(
  store: Store,
  layer: LayerName,
  { source, first, last }: Pick<PartRecord, 'source' | 'first' | 'last'>
): Promise<PartRecord | null> {
  return readJson<PartRecord>(store, ledgerPath(layerSource(layer, source), first, last))
}

/**
 * The newest version of a module's columns that a part has: its own, or a layer's, which goes before its own of the same
 * version. Null: it has none.
 * @param layers all that the lake has
 * @param asOf layers that were made later do not count; null: all do
 */
export async function newestInput(
  store: Store,
  record: PartRecord,
  module: string,
  layers: readonly LayerName[],
  asOf: string | null
): Promise<Input | null> {
  const own = record.modules[module]?.version ?? null
  const newer = layers
    .filter((layer) => layer.kind === 'layers' && layer.name === module && isShown(layer))
    .filter(({ version }) => own === null || compareVersions(version, own) >= 0)
    .sort((a, b) => compareVersions(b.version, a.version))
  for (const layer of newer) {
    const made = await layerRecord(store, layer, record)
    if (made && (asOf === null || Date.parse(made.started) <= Date.parse(asOf))) {
      return { version: layer.version, layer }
    }
  }
  return own === null ? null : { version: own, layer: null }
}
