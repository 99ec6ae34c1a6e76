import { UsageError } from '../errors.ts'
import { compareVersions, isShown, layerPath } from '../lake/layer-name.ts'
import type { LayerName } from '../lake/layer-name.ts'
import { layersIn } from '../lake/layers.ts'
import type { Store } from '../store/store.ts'
import type { Found } from './lookup.ts'
import { openParquet } from '../lake/files/parquet-file.ts'

/** An alert with what the versions that are shown say of it. */
export interface Layered extends Found {
  /** The layers that its columns come from, by module; all others come from its part. */
  readonly layers: Readonly<Record<string, string>>
}

/**
 * Puts the newest version of each module's columns in the place of the part's own, where a layer has it.
 * @param chosen versions (`rate@1.0.0`) that are shown instead
 * @throws UsageError for one that there is not of this alert, naming those that there are
 */
export async function layered(
  store: Store,
  found: Found,
  chosen: readonly string[]
): Promise<Layered> {
  const all = (await layersIn(store)).filter(({ kind }) => kind === 'layers')
  const own = new Map(
    (found.provenance['siskin.modules'] ?? '').split(' ').flatMap((text) => {
      const [name, version] = text.split('@')
      return name && version ? [[name, version]] : []
    })
  )
  const there: (LayerName & { readonly path: string; readonly size: number })[] = []
  for (const layer of all) {
    const path = layerPath(found.path, layer)
    const size = await store.size(path)
    if (size !== null) there.push({ ...layer, path, size })
  }
  const known = [...own, ...there.map(({ name, version }) => [name, version])]
  expectKnown(
    chosen,
    known.map(([name, version]) => `${name}@${version}`)
  )
  const values: Record<string, unknown> = { ...found.values }
  const layers: Record<string, string> = {}
  for (const [name, versions] of Map.groupBy(there, (layer) => layer.name)) {
    const wanted = chosen.find((text) => text.startsWith(`${name}@`))?.slice(name.length + 1)
    const newest = versions
      .filter((layer) => (wanted === undefined ? isShown(layer) : layer.version === wanted))
      .filter(({ version }) => wanted !== undefined || isNewer(version, own.get(name)))
      .sort((a, b) => compareVersions(b.version, a.version))[0]
    if (!newest) continue
    const layer = await openParquet(store, newest.path, newest.size)
    const [row = {}] = await layer.read({ columns: [name], from: found.row, to: found.row + 1 })
    values[name] = row[name]
    own.set(name, newest.version)
    layers[name] = newest.version
  }
  const modules = [...own].map(([name, version]) => `${name}@${version}`).join(' ')
  const provenance = { ...found.provenance, 'siskin.modules': modules }
  return { ...found, values, provenance, layers }
}

function isNewer(version: string, own: string | undefined): boolean {
  return own === undefined || compareVersions(version, own) >= 0
}

function expectKnown(chosen: readonly string[], known: readonly string[]): void {
  const unknown = chosen.find((text) => !known.includes(text))
  if (unknown === undefined) return
  throw new UsageError(
    `of this alert there is no "${unknown}"; there are ${[...new Set(known)].sort().join(', ')}`
  )
}
