import { commit } from '../lake/file-commit.ts'
import { layerText } from '../lake/layer-name.ts'
import type { LayerName } from '../lake/layer-name.ts'
import type { PartRecord } from '../lake/ledger.ts'
import { drop } from '../lake/two-phase-commit.ts'
import type { OnStep } from '../lake/two-phase-commit.ts'
import { strayAside } from '../repair/land.ts'
import type { Store } from '../store/store.ts'
import type { Claim, Claims } from './claim-layer.ts'
import { layerRecord } from './inputs.ts'
import type { MadeLayer } from './part-layers.ts'

export interface LayersCommit {
  readonly store: Store
  /** The part whose layers they are. */
  readonly part: PartRecord
  readonly made: readonly MadeLayer[]
  readonly claims: Claims
  /** Others make parts of the same runs. */
  readonly isShared: boolean
  /** Modules that a layer is made from, by name. */
  readonly from: (layer: LayerName) => Readonly<Record<string, string>>
}

/** Layers of a part are committed at the same time; each counts only when those do that it reads from. */
export async function commitLayers(layers: LayersCommit, onStep: OnStep): Promise<PartRecord[]> {
  const commits: Promise<void>[] = []
  const ofModule = new Map<string, Promise<void>>()
  for (const one of layers.made) {
    const { layer } = one
    const read = Object.keys(layers.from(layer)).flatMap((name) => ofModule.get(name) ?? [])
    const own = commitLayer(layers, one, Promise.all(read), onStep)
    commits.push(own)
    if (layer.kind === 'layers') ofModule.set(layer.name, own)
  }
  await Promise.allSettled(commits)
  await Promise.all(commits)
  return layers.made.map(({ record }) => record)
}

async function commitLayer(
  { store, part, claims, isShared }: LayersCommit,
  { layer, record, files }: MadeLayer,
  read: Promise<unknown>,
  onStep: OnStep
): Promise<void> {
  const { check }: Claim = claims.get(layerText(layer))!
  const before = await layerRecord(store, layer, part)
  try {
    await commit(store, record, files, () => read.then(check), onStep)
  } catch (error) {
    if (isShared) await leave(store, part, record, layer)
    await check() // it may be theirs by now: that says more than what failed of it
    throw error
  }
  const named = new Set(record.files.map(({ path }) => path))
  for (const { path } of before?.files ?? []) if (!named.has(path)) await strayAside(store, path)
}

/** What others who make the same would take for work of one who died. */
async function leave(
  store: Store,
  part: PartRecord,
  record: PartRecord,
  layer: LayerName
): Promise<void> {
  const committed = await layerRecord(store, layer, part)
  if (committed?.attempt !== record.attempt) await drop(store, record)
}
