import type { Filter, Module, Survey } from '../contract/index.ts'
import { enrich } from '../enrich/enrich.ts'
import type { EnrichOptions } from '../enrich/enrich.ts'
import type { Plan } from '../enrich/plan.ts'
import { columnsPath } from '../lake/kept-columns.ts'
import { layerPath, layerSource, layerText } from '../lake/layer-name.ts'
import type { LayerName, Making } from '../lake/layer-name.ts'
import { partPath } from '../lake/ledger.ts'
import type { FilterAccount, ModuleAccount, PartFile, PartRecord } from '../lake/ledger.ts'
import { layLayer, layTopic } from '../lake/part.ts'
import type { LaidFile } from '../lake/part.ts'
import { select } from '../publish/select.ts'
import type { Selection, SelectOptions } from '../publish/select.ts'
import { NO_IMAGES } from '../table/images.ts'
import type { Resources } from '../resources/resources.ts'
import { moduleColumns } from '../table/enriched.ts'
import type { Enriched } from '../table/enriched.ts'
import { SISKIN_VERSION } from '../version.ts'
import { imagesIn, messagesOf, PLACE } from './messages-of.ts'
import type { MessageParts } from './messages-of.ts'
import { placeOfAlerts, readAlerts } from './read-alerts.ts'
import type { Input } from './inputs.ts'

export interface MadeLayer {
  readonly layer: LayerName
  readonly record: PartRecord
  readonly files: readonly LaidFile[]
}

/** What is read whatever modules ask: which alert it is, and where catalogues are asked. */
const PLAIN = ['alert_id', 'ra', 'dec']

/** What the layers of a part are made of, and with. */
export interface PartWork extends Omit<MessageParts, 'survey' | 'columns'> {
  readonly modules: readonly { readonly module: Module; readonly layer: LayerName }[]
  readonly filters: readonly { readonly filter: Filter; readonly layer: LayerName }[]
  /** All modules that there are: messages have the columns of all. */
  readonly plan: Plan
  /** Of modules that are read from and do not run: where their columns lie. */
  readonly inputs: ReadonlyMap<string, Input>
  /** Versions that a layer is made from, by the name of its module or topic. */
  readonly from: (layer: LayerName) => Readonly<Record<string, string>>
  /** What a layer is made of, and which making of it. */
  readonly of: (layer: LayerName) => readonly Making[]
  readonly asOf: string | null
  readonly attempt: (layer: LayerName) => string
  readonly resources: Pick<Resources, 'ask'>
  /** What of them a layer is made from, in which versions. */
  readonly used: (layer: LayerName) => string
  readonly enrich: EnrichOptions
  readonly select: SelectOptions
  readonly warn: (message: string) => void
}

/** Runs modules and filters over the alerts of a part, as they lie in the lake. */
export async function makeLayers(record: PartRecord, work: PartWork): Promise<MadeLayer[]> {
  const started = new Date().toISOString()
  const made = new Map<LayerName, Draft>()
  for (const { layer } of [...work.modules, ...work.filters]) made.set(layer, new Draft())
  for (const file of record.files) {
    if (file.kind === 'alerts') await layFile(record, file, work, (layer) => made.get(layer)!)
  }
  return [...made].map(([layer, draft]) => ({
    layer,
    record: draft.record(record, layer, work, started),
    files: draft.files
  }))
}

/** What there is of a layer's part while its files are made, one after the other. */
class Draft {
  readonly files: LaidFile[] = []
  modules: Record<string, ModuleAccount> = {}
  filters: Record<string, FilterAccount> = {}

  ran({ name, version }: Module, statuses: Readonly<Record<string, number>>, ms: number): void {
    const sum = { ...this.modules[name]?.statuses }
    for (const [status, rows] of Object.entries(statuses)) sum[status] = (sum[status] ?? 0) + rows
    this.modules = {
      [name]: { version, statuses: sum, ms: (this.modules[name]?.ms ?? 0) + ms }
    }
  }

  selected({ filter: { name, version, topic }, rows, failed }: Selection): void {
    const before = this.filters[name]
    this.filters = {
      [name]: {
        version,
        topic,
        published: (before?.published ?? 0) + rows.length,
        failed: (before?.failed ?? 0) + failed
      }
    }
  }

  record(
    { part, source, first, last, alerts, nights }: PartRecord,
    layer: LayerName,
    { from, of, used, asOf, attempt }: PartWork,
    started: string
  ): PartRecord {
    return {
      part,
      source: layerSource(layer, source),
      first,
      last,
      received: alerts,
      alerts,
      quarantined: {},
      duplicates: 0,
      nights,
      modules: this.modules,
      filters: this.filters,
      files: this.files.map(({ account }) => account),
      attempt: attempt(layer),
      layer: {
        from: from(layer),
        of: of(layer),
        asOf,
        ...(used(layer) && { resources: used(layer) })
      },
      siskin: SISKIN_VERSION,
      started,
      seconds: {}
    }
  }
}

async function layFile(
  record: PartRecord,
  file: PartFile,
  work: PartWork,
  draftOf: (layer: LayerName) => Draft
): Promise<void> {
  const place = placeOfAlerts(file.path)
  const { store, modules, filters, plan, inputs } = work
  const running = modules.map(({ module }) => module)
  const isSeeing = running.some(({ stamps = [] }) => stamps.length > 0)
  const read = await readAlerts(store, file, {
    ...place,
    reading: [
      ...running,
      ...filters.flatMap(({ filter }) => [filter, ...Object.values(filter.uses)])
    ],
    more: filters.length > 0 || isSeeing ? [...PLAIN, ...PLACE] : PLAIN,
    modules: plan.modules,
    isWhole: filters.length > 0,
    inputs
  })
  const images = isSeeing
    ? await imagesIn(read.table, { ...work, survey: place.survey })
    : NO_IMAGES
  const options = { ...work.enrich, images, answers: await work.resources.ask(read.table) }
  const batch = await enrich(read.table, { ...plan, modules: running }, options, read.made)
  for (const { module, statuses, ms } of batch.runs) {
    const { layer } = modules.find((one) => one.module === module)!
    const draft = draftOf(layer)
    draft.ran(module, statuses, ms)
    const columns = moduleColumns(module)
    const metadata = provenance(record, layer, work, place)
    draft.files.push(
      layLayer(layerPath(file.path, layer), batch, columns, {
        ...metadata,
        'siskin.columns': columnsPath(columns)
      })
    )
  }
  if (filters.length > 0) await layTopics(record, batch, place, work, draftOf)
}

async function layTopics(
  record: PartRecord,
  batch: Enriched,
  place: { readonly survey: Survey; readonly night: number },
  work: PartWork,
  draftOf: (layer: LayerName) => Draft
): Promise<void> {
  const filters = work.filters.map(({ filter }) => filter)
  const selections = select(filters, batch, work.warn, work.select)
  const rows = [...new Set(selections.flatMap((selection) => selection.rows))]
  const messages = await messagesOf(batch.table, batch.columns, rows, {
    ...work,
    columns: work.plan.columns,
    survey: place.survey
  })
  const surveys = new Set(Object.keys(record.nights).map((key) => key.split('/')[0]))
  const path = partPath(record.source, record.first, record.last)
  const part = surveys.size > 1 ? `${path}-${place.survey}` : path
  for (const selection of selections) {
    const { layer } = work.filters.find(({ filter }) => filter === selection.filter)!
    const draft = draftOf(layer)
    draft.selected(selection)
    const own = new Set(selection.rows)
    const chosen = [...messages].filter(([row]) => own.has(row)).map(([, message]) => message)
    if (chosen.length === 0) continue
    const metadata = provenance(record, layer, work, place)
    const topic = `${layer.name}@${layer.version}`
    draft.files.push(layTopic(part, topic, place.night, work.format.schema, metadata, chosen))
  }
}

/** No times, so that the same data make the same bytes. */
function provenance(
  { part, source, first, last }: PartRecord,
  layer: LayerName,
  { from, used, asOf }: PartWork,
  { survey, night }: { readonly survey: Survey; readonly night: number }
): Record<string, string> {
  const made = Object.entries(from(layer)).map(([name, version]) => `${name}@${version}`)
  return {
    'siskin.version': SISKIN_VERSION,
    'siskin.part': part,
    'siskin.source': source,
    'siskin.first': String(first),
    'siskin.last': String(last),
    'siskin.layer': layerText(layer),
    'siskin.from': made.join(' '),
    ...(used(layer) && { 'siskin.resources': used(layer) }),
    ...(asOf !== null && { 'siskin.asof': asOf }),
    'siskin.survey': survey,
    'siskin.night': String(night)
  }
}
