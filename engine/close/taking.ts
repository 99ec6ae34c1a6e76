import { compareVersions, isShown, layerPath, layerSource, layerText } from '../lake/layer-name.ts'
import type { LayerName } from '../lake/layer-name.ts'
import { isOfNight, nightOfClosed } from '../lake/closed.ts'
import type { PartFile, PartRecord } from '../lake/ledger.ts'
import { readBlock } from '../lake/ledger-walk.ts'
import type { LedgerBlock } from '../lake/ledger-walk.ts'
import { PACK } from '../lake/pack.ts'
import { attemptsAt } from '../lake/two-phase-commit.ts'
import { recordAt } from '../lake/records.ts'
import { blockOfFolder } from '../verify/file-check.ts'
import type { Store } from '../store/store.ts'
import type { ClosingNight } from './close.ts'

/** A part of which a night is closed. */
export interface Takeable {
  readonly record: PartRecord
  /** Its files of the night. */
  readonly files: readonly PartFile[]
  /** The newest layer of each module that goes before what it has itself. */
  readonly layers: readonly {
    readonly layer: LayerName
    readonly record: PartRecord
    readonly files: readonly PartFile[]
  }[]
}

export interface Found {
  readonly parts: readonly Takeable[]
  /** On their way into their places: the next close takes them. */
  readonly waiting: number
  /** What cannot be taken, and why. */
  readonly broken: readonly { readonly part: string; readonly reason: string }[]
}

/** The parts that have alerts of a night in files of their own, by source and position. */
export async function takeable(
  store: Store,
  { survey, night }: ClosingNight,
  layers: readonly LayerName[]
): Promise<Found> {
  const key = `${survey}/${night}`
  const parts: Takeable[] = []
  const broken: Found['broken'][number][] = []
  let waiting = 0
  const sizes = await sizesOf(store, survey, night)
  for (const block of await blocksOf(store, `${survey}/alerts/night=${night}`)) {
    if (nightOfClosed(block.source)) continue
    const { records, bad } = await readBlock(store, block)
    for (const { path, reason } of bad)
      broken.push({ part: path, reason: `it cannot be read: ${reason}` })
    if (bad.some(({ path }) => path.endsWith(PACK))) continue // what is packed next would replace it
    for (const record of records) {
      if (!record.nights[key] || record.closedIn?.[key] !== undefined) continue
      const files = record.files.filter((file) => isOfNight(file, key))
      const lacking = await lackingOf(store, record, sizes)
      if (lacking === null)
        parts.push({ record, files, layers: await foldable(store, record, files, layers) })
      else if (await isStaged(store, record)) waiting++
      else broken.push({ part: record.part, reason: `${lacking}; siskin repair mends it` })
    }
  }
  return { parts, waiting, broken }
}

/** The blocks that have something in the folder of a night, by source and position. */
async function blocksOf(store: Store, folder: string): Promise<LedgerBlock[]> {
  const names = (await store.entries(folder)).map(({ name }) => name)
  const blocks = names.flatMap((name) => blockOfFolder(name) ?? [])
  return blocks.sort((a, b) => compareTexts(a.source, b.source) || a.block - b.block)
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}

/** Files of a night and their sizes, in one listing a folder. */
async function sizesOf(store: Store, survey: string, night: number): Promise<Map<string, number>> {
  const topics = (await store.entries('topics')).map(({ name }) => `topics/${name}`)
  const sizes = new Map<string, number>()
  for (const root of [`${survey}/alerts`, `${survey}/packets`, ...topics]) {
    for (const { path, size } of await store.list(`${root}/night=${night}`)) sizes.set(path, size)
  }
  return sizes
}

/** What is not there of a part, of all its files: one whose files are not in their places yet is on its way. Null: nothing. */
async function lackingOf(
  store: Store,
  { files }: PartRecord,
  sizes: ReadonlyMap<string, number>
): Promise<string | null> {
  for (const { path, bytes } of files) {
    const size = sizes.get(path) ?? (await store.size(path))
    if (size === null) return `${path} is missing`
    if (size !== bytes) return `${path} has ${size} bytes instead of ${bytes}`
  }
  return null
}

async function isStaged(store: Store, { source, first, last }: PartRecord): Promise<boolean> {
  const attempts = await attemptsAt(store, source)
  return attempts.some((found) => found.first === first && found.last === last)
}

/** Layers as every reader shows them: the newest version of each module, unless the part has a newer one itself. */
async function foldable(
  store: Store,
  record: PartRecord,
  files: readonly PartFile[],
  layers: readonly LayerName[]
): Promise<Takeable['layers']> {
  const chosen = new Map<string, Takeable['layers'][number]>()
  for (const layer of layers) {
    const own = record.modules[layer.name]?.version
    const before = chosen.get(layer.name)?.layer.version ?? own
    if (layer.kind !== 'layers' || !isShown(layer)) continue
    if (before !== undefined && compareVersions(layer.version, before) < 0) continue
    const made = await recordAt(store, layerSource(layer, record.source), record)
    const paths = files
      .filter(({ kind }) => kind === 'alerts')
      .map(({ path }) => layerPath(path, layer))
    const found = paths.map((path) => made?.files.find((file) => file.path === path))
    if (made && found.every((file) => file !== undefined)) {
      chosen.set(layer.name, { layer, record: made, files: found })
    }
  }
  return [...chosen.values()].sort((a, b) => (layerText(a.layer) < layerText(b.layer) ? -1 : 1))
}
