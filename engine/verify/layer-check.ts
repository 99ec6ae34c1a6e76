import { parquetReadObjects } from 'hyparquet'
import { compressors } from '../lake/files/compressors.ts'
import { amount } from '../amount.ts'
import { messageOf } from '../errors.ts'
import { checkFiles } from './file-check.ts'
import type { FileCheckOptions } from './file-check.ts'
import type { OnFinding } from './finding.ts'
import type { FolderSums } from './folder-sums.ts'
import { compareVersions, layerOf, layerPath, layerSource, layerText } from '../lake/layer-name.ts'
import type { LayerName } from '../lake/layer-name.ts'
import { layersIn, sourcesOf } from '../lake/layers.ts'
import { openAlerts } from '../lake/closed.ts'
import type { PartRecord } from '../lake/ledger.ts'
import { blockAt, blocksOf, readBlock } from '../lake/ledger-walk.ts'
import type { LedgerBlock } from '../lake/ledger-walk.ts'
import { rangeReads } from '../store/range-reads.ts'
import { lakeFlags } from '../store/lake-flags.ts'
import type { Store } from '../store/store.ts'
import { recordAt } from '../lake/records.ts'

/** Parts that are named of those that a layer lacks. */
const NAMED = 5

interface Seen {
  readonly layer: LayerName
  /** Parts that it could say something of, and those of which it does not. */
  parts: number
  lacking: number
  readonly named: string[]
}

/** The layers of a lake, held against the parts that they were made of: their files, their rows, and their ids in order. */
export class LayerCheck {
  readonly #store: Store
  readonly #seen: readonly Seen[]
  readonly #options: FileCheckOptions
  readonly #folders: FolderSums
  readonly #onFinding: OnFinding

  private constructor(
    store: Store,
    layers: readonly LayerName[],
    options: FileCheckOptions,
    folders: FolderSums,
    onFinding: OnFinding
  ) {
    this.#store = store
    this.#seen = layers.map((layer) => ({ layer, parts: 0, lacking: 0, named: [] }))
    this.#options = options
    this.#folders = folders
    this.#onFinding = onFinding
  }

  static async open(
    store: Store,
    options: FileCheckOptions,
    folders: FolderSums,
    onFinding: OnFinding
  ): Promise<LayerCheck> {
    return new LayerCheck(store, await layersIn(store), options, folders, onFinding)
  }

  /** What the layers have of the parts of a block, of which some are looked at. */
  async block(
    { source, block }: LedgerBlock,
    parts: readonly PartRecord[],
    isTaken: (part: PartRecord) => boolean
  ): Promise<void> {
    if (parts.length === 0 && (await this.#isGone(source, block))) return // see `orphans`
    for (const seen of this.#seen) {
      const own = blockAt(layerSource(seen.layer, source), block)
      const records = await this.#records(seen.layer, own)
      for (const part of parts) {
        const made = records.find(({ first, last }) => first === part.first && last === part.last)
        if (made && seen.layer.kind === 'layers') await this.#same(part, made, seen.layer)
        if (openAlerts(part) > 0 && isTaken(part)) count(seen, part, made !== undefined)
      }
      for (const record of records) {
        this.#account(record, seen.layer)
        const isOf = ({ first, last }: PartRecord) => first === record.first && last === record.last
        if (!parts.some(isOf)) await this.#orphan(record, seen.layer)
      }
    }
  }

  /** Those whose source is gone; to be asked for when all blocks were looked at. */
  async orphans(): Promise<void> {
    for (const { layer } of this.#seen) {
      for (const name of await sourcesOf(this.#store, layer)) {
        for await (const own of blocksOf(this.#store, name)) {
          if (!(await this.#isGone(layerOf(name)!.source, own.block))) continue
          for (const record of await this.#records(layer, own)) await this.#orphan(record, layer)
        }
      }
    }
  }

  async #isGone(source: string, block: number): Promise<boolean> {
    return (await this.#store.entries(blockAt(source, block).folder)).length === 0
  }

  /** Names what the layers do not cover. */
  tell(): void {
    for (const { layer, parts, lacking, named } of this.#seen) {
      if (lacking === 0) continue
      const more = lacking > named.length ? `, … ${lacking - named.length} more` : ''
      const text = `${layerText(layer)} does not cover ${lacking} of ${amount(parts, 'part')} (${named.join(', ')}${more}); ${this.#again(layer)} does it`
      this.#onFinding({ kind: 'layer', text, isDifference: false })
    }
  }

  /** The records of a block, whose files are looked at. */
  async #records(layer: LayerName, block: LedgerBlock): Promise<readonly PartRecord[]> {
    const { records, bad, others } = await readBlock(this.#store, block)
    for (const { path, reason } of bad) {
      this.#say(
        `${path} cannot be read: ${reason}: remove it, and ${this.#again(layer)} makes the layer again`
      )
    }
    for (const path of others) this.#say(`${path} is no record of a layer`)
    await checkFiles(this.#store, records, this.#options, this.#folders, (finding) => {
      if (finding.kind !== 'file' && finding.kind !== 'unplaced') return this.#onFinding(finding)
      this.#say(
        `${finding.text}; remove what is left of it, and ${this.#again(layer)} makes it again`
      )
    })
    return records
  }

  /** A part may have come, and its layer, since the ledger was read. */
  async #orphan(record: PartRecord, layer: LayerName): Promise<void> {
    const { source, part, first, last } = record
    const base = layerOf(source)?.source ?? source
    if (await recordAt(this.#store, base, { first, last })) return
    const text = `${layerText(layer)} has part ${part} of ${base}, which is not in the ledger any more`
    this.#onFinding({ kind: 'layer', orphan: record, text, isDifference: true })
  }

  /** What it says of itself adds up. */
  #account(record: PartRecord, layer: LayerName): void {
    const { part, alerts, modules, filters, files } = record
    const say = (what: string, a: number, b: number) => {
      if (a !== b) this.#say(`${layerText(layer)}, part ${part}: ${what}: ${a} and ${b}`)
    }
    const rows = files.reduce((sum, file) => sum + file.rows, 0)
    if (layer.kind === 'layers') say('alerts and rows of its files', openAlerts(record), rows)
    for (const [name, { statuses }] of Object.entries(modules)) {
      const total = Object.values(statuses).reduce((sum, own) => sum + own, 0)
      say(`alerts and statuses of module ${name}`, alerts, total)
    }
    for (const { published } of Object.values(filters)) {
      say('selected and messages of its files', published, rows)
    }
  }

  /** Row by row what the part has. */
  async #same(part: PartRecord, made: PartRecord, layer: LayerName): Promise<void> {
    const night = this.#options.night
    for (const file of part.files) {
      if (file.kind !== 'alerts' || (night !== null && !file.path.includes(`/${night}/`))) continue
      const path = layerPath(file.path, layer)
      const own = made.files.find((one) => one.path === path)
      if (!own) this.#say(`${layerText(layer)} lacks a file of part ${part.part}: ${path}`)
      else if (own.rows !== file.rows) {
        this.#say(
          `${path} holds ${amount(own.rows, 'row')}, and ${file.path} ${file.rows}; ${this.#again(layer)} makes it again`
        )
      } else await this.#sameIds([file.path, file.bytes], [path, own.bytes], layer)
    }
  }

  async #sameIds(
    [base, size]: readonly [string, number],
    [path, bytes]: readonly [string, number],
    layer: LayerName
  ): Promise<void> {
    const ids = await idsOf(this.#store, base, size)
    const others = await idsOf(this.#store, path, bytes)
    // one that cannot be read is named with the files
    if (typeof ids === 'string' || typeof others === 'string') return
    const at = ids.findIndex((id, row) => id !== others[row])
    if (at < 0) return
    this.#say(
      `${path} has alert ${others[at]} in row ${at}, where ${base} has ${ids[at]}: remove it, and ${this.#again(layer)} makes it again`
    )
  }

  #again({ kind, name }: LayerName): string {
    const flags = lakeFlags(this.#store.root)
    return kind === 'layers'
      ? `siskin reprocess --modules ${name} ${flags}`
      : `siskin reprocess ${flags} with the filter of ${name}`
  }

  #say(text: string): void {
    this.#onFinding({ kind: 'layer', text, isDifference: true })
  }
}

/** A part that has that version itself, or a newer one, is not lacking. */
function count(seen: Seen, part: PartRecord, isThere: boolean): void {
  const { kind, name, version } = seen.layer
  const own =
    kind === 'layers'
      ? part.modules[name]?.version
      : Object.values(part.filters).find(({ topic }) => topic === name)?.version
  seen.parts++
  if (isThere || (own !== undefined && compareVersions(own, version) >= 0)) return
  seen.lacking++
  if (seen.named.length < NAMED) seen.named.push(part.part)
}

/** In the order of the rows; text that says why not. */
async function idsOf(
  store: Store,
  path: string,
  size: number
): Promise<readonly bigint[] | string> {
  try {
    const file = rangeReads(store, path, size)
    const rows = await parquetReadObjects({ file, columns: ['alert_id'], compressors })
    return rows.map((row) => row['alert_id'] as bigint)
  } catch (error) {
    return messageOf(error)
  }
}
