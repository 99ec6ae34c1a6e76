import { layerText } from '../lake/layer-name.ts'
import { layersIn, recordsOf } from '../lake/layers.ts'
import { OWN } from '../lake/ledger.ts'
import type { PartFile, PartRecord } from '../lake/ledger.ts'
import type { Store } from '../store/store.ts'
import type { Reason } from '../reasons.ts'
import { Tally } from '../run/tally.ts'
import { readLedger } from '../lake/records.ts'

/** A lake by its ledger: nothing but the ledger and the staging folder is read. */
export interface LakeSummary {
  readonly tally: Tally
  readonly parts: number
  /** Bytes by kind of file. */
  readonly bytes: Readonly<Record<PartFile['kind'], number>>
  readonly sources: readonly SourceSummary[]
  /** Versions that made parts, by module. */
  readonly versions: Readonly<Record<string, readonly string[]>>
  /** Layers, and of how many parts each is. */
  readonly layers: readonly { readonly layer: string; readonly parts: number }[]
  /** Parts that a crash left staged: the next run finishes or drops them. */
  readonly unfinished: readonly string[]
}

interface SourceSummary {
  readonly source: string
  readonly parts: number
  readonly received: number
  /** Packets that came from the quarantine of another source: they were received there. */
  readonly requeued: number
  readonly alerts: number
  readonly last: string
}

export async function summariseLake(store: Store): Promise<LakeSummary> {
  const records = await readLedger(store)
  const tally = new Tally()
  const bytes = { alerts: 0, packets: 0, quarantine: 0, topic: 0, layer: 0, taken: 0, folded: 0 }
  const versions: Record<string, string[]> = {}
  for (const record of records) {
    tally.add(record)
    for (const file of record.files) bytes[file.kind] += file.bytes
    for (const [name, { version }] of Object.entries(record.modules)) {
      const known = (versions[name] ??= [])
      if (!known.includes(version)) known.push(version)
    }
  }
  for (const [reason, count] of Object.entries(tally.quarantined)) {
    if (count === 0) delete tally.quarantined[reason as Reason] // all of them were requeued
  }
  const layers: { layer: string; parts: number }[] = []
  for (const layer of await layersIn(store)) {
    let parts = 0
    for await (const { files } of recordsOf(store, layer)) {
      parts++
      for (const file of files) bytes[file.kind] += file.bytes
    }
    layers.push({ layer: layerText(layer), parts })
  }
  const unfinished = await stagedParts(store)
  const sources = sourcesOf(records)
  return { tally, parts: records.length, bytes, sources, versions, layers, unfinished }
}

function sourcesOf(records: readonly PartRecord[]): SourceSummary[] {
  const bySource = Map.groupBy(records, ({ source }) => source)
  return [...bySource].map(([source, own]) => ({
    source,
    parts: own.length,
    received: own.reduce((sum, { received, requeued }) => sum + (requeued ? 0 : received), 0),
    requeued: own.reduce((sum, { received, requeued }) => sum + (requeued ? received : 0), 0),
    alerts: own.reduce((sum, { alerts }) => sum + alerts, 0),
    last: own
      .map(({ started }) => started)
      .sort()
      .at(-1)!
  }))
}

async function stagedParts(store: Store): Promise<string[]> {
  const root = `${OWN}/staging/`
  const files = await store.list(root)
  const parts = files.map(({ path }) => path.slice(root.length).split('/', 2).join('/'))
  return [...new Set(parts)]
}

/** True where a lake is, or was begun. */
export async function isLake(store: Store): Promise<boolean> {
  return (await store.list(OWN)).length > 0
}
