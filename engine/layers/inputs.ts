import type { Needs } from '../contract/index.ts'
import type { Plan } from '../enrich/plan.ts'
import { compareVersions, isShown, layerSource } from '../lake/layer-name.ts'
import type { LayerName, Making } from '../lake/layer-name.ts'
import { recordAt } from '../lake/records.ts'
import type { PartRecord } from '../lake/ledger.ts'
import { lakeFlags } from '../store/lake-flags.ts'
import type { Store } from '../store/store.ts'
import { sourcesFor } from './work.ts'

/** Where the columns of a module lie that belong to a part. */
export interface Input {
  readonly version: string
  /** Null: in the files of the part itself. */
  readonly layer: LayerName | null
  /** Of the layer: when it was begun, and by which attempt. */
  readonly made?: string
  readonly attempt?: string
  /** How long it took over the part, where that is known. */
  readonly ms?: number
}

interface Reading {
  readonly requires: Needs
}

/** The record of a layer's part; null where there is none. */
export function layerRecord(
  store: Store,
  layer: LayerName,
  { source, first, last }: Pick<PartRecord, 'source' | 'first' | 'last'>
): Promise<PartRecord | null> {
  return recordAt(store, layerSource(layer, source), { first, last })
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
      return inputOf(layer, made)
    }
  }
  return own === null ? null : { version: own, layer: null }
}

/** What a layer has of a module. */
export function inputOf(layer: LayerName, { started, attempt }: PartRecord): Input {
  return { version: layer.version, layer, made: started, attempt }
}

/** The making of a part, and of the layers in which the columns of modules lie that are read. */
export function makingsOf(
  { source, attempt }: PartRecord,
  inputs: ReadonlyMap<string, Input>,
  read: readonly string[]
): Making[] {
  const layers = read.flatMap((name) => {
    const { layer = null, attempt: own = '' } = inputs.get(name) ?? {}
    return layer ? [{ source: layerSource(layer, source), attempt: own }] : []
  })
  return [{ source, attempt }, ...layers]
}

/** The columns of a module of one version, from a layer or the part itself; null: the part has none. */
export async function versionInput(
  store: Store,
  record: PartRecord,
  module: string,
  version: string
): Promise<Input | null> {
  const layer: LayerName = { kind: 'layers', name: module, version }
  const made = await layerRecord(store, layer, record)
  const own = record.modules[module]
  const found = made?.modules[module] ?? (own?.version === version ? own : null)
  return found && { version, layer: made ? layer : null, ms: found.ms }
}

/**
 * What to say of modules that are read from, do not run, and of which a part has no columns; null: of all it has. Whoever
 * read them would answer as if nothing was known.
 * @param root of the lake
 */
export function missingInputs(
  root: string,
  plan: Plan,
  reading: readonly Reading[],
  running: ReadonlySet<string>,
  inputs: ReadonlyMap<string, Input>
): string | null {
  const missing = sourcesFor(plan, reading)
    .map(({ name }) => name)
    .filter((name) => !running.has(name) && !inputs.has(name))
  if (missing.length === 0) return null
  return `it has no columns of ${missing.join(', ')}, which are read: siskin reprocess --modules ${missing.join(',')} ${lakeFlags(root)} makes them`
}

/** What a layer of a part would be made of now. */
export interface MadeOf {
  readonly from: Readonly<Record<string, string>>
  readonly of: readonly Making[]
  readonly resources: string
  /** When the youngest of it was begun. */
  readonly since: string
}

/**
 * What there is of a layer, if it need not be made again: of the same versions, by modules that were not stopped, all
 * there, and of the part and the layers as they were made last.
 */
export async function stillGood(
  store: Store,
  layer: LayerName,
  part: PartRecord,
  now: MadeOf
): Promise<PartRecord | null> {
  const made = await layerRecord(store, layer, part)
  if (!made || wasStopped(made)) return null
  const { from, of, resources = '' } = made.layer ?? {}
  if (JSON.stringify(from) !== JSON.stringify(now.from) || resources !== now.resources) return null
  const isOfNow = of ? JSON.stringify(of) === JSON.stringify(now.of) : made.started >= now.since
  if (!isOfNow) return null
  for (const { path, bytes } of made.files) if ((await store.size(path)) !== bytes) return null
  return made
}

/** What it was stopped over may have been the machine's fault: it is tried again. */
function wasStopped({ modules }: PartRecord): boolean {
  const statuses = Object.values(modules).flatMap((own) => Object.keys(own.statuses))
  return statuses.includes('failed:timeout') || statuses.includes('failed:off')
}
