import { layMerged } from '../avro/merged-topic.ts'
import { BLOCK, partName, partPath } from '../lake/ledger.ts'
import type { PartFile, PartRecord } from '../lake/ledger.ts'
import { foldedPath, layTaken, takenPath } from '../lake/closed.ts'
import type { Moved, TakenPart } from '../lake/closed.ts'
import { attemptFolder } from '../lake/two-phase-commit.ts'
import type { OnStep } from '../lake/two-phase-commit.ts'
import type { Store } from '../store/store.ts'
import { SISKIN_VERSION } from '../version.ts'
import { writeAlerts } from './alerts.ts'
import type { CloseSizes, ClosingNight } from './close.ts'
import { mergeContainers } from './containers.ts'
import type { Merged, MergeOptions } from './containers.ts'
import { findCopies } from './copies.ts'
import type { FoundCopies } from './copies.ts'
import { writeFolded } from './folded.ts'
import type { FoldedLayers } from './folded.ts'
import { versionsOf } from './groups.ts'
import type { Group } from './groups.ts'
import { alertsOf, longsOf } from './load.ts'
import { Summed } from './summed.ts'
import type { CloseThreads } from './threads.ts'

export interface ClosedWork {
  readonly store: Store
  readonly night: ClosingNight
  readonly source: string
  /** Which close of the night this is. */
  readonly nth: number
  readonly attempt: string
  readonly group: Group
  /** What earlier closes of the night made. */
  readonly before: readonly PartRecord[]
  readonly sizes: CloseSizes
  readonly threads: CloseThreads
  readonly onStep: OnStep
  readonly onBytes: (bytes: number) => void
}

/** Something that stays in the folder of the attempt until all is done: so it is found when it was cut off. */
const MARK = 'closing'

/** Stages the files of a closed night; its record, which is written when they are there. */
export async function makeClosed(work: ClosedWork): Promise<PartRecord> {
  const { store, night, source, nth, attempt, group, sizes, onStep, onBytes } = work
  const started = new Date().toISOString()
  const name = { source, attempt, first: nth, last: nth }
  const folder = attemptFolder(name)
  await store.write(`${folder}/${MARK}`, [Buffer.from('\n')])
  const containers = (
    files: readonly PartFile[],
    root: string,
    metadataOf?: MergeOptions['metadataOf']
  ) =>
    mergeContainers(files, {
      ...(metadataOf && { metadataOf }),
      store,
      folder,
      target: sizes.packets,
      pathOf: (i) => fileOf(work, root, i, 'avro'),
      onWritten: onBytes,
      onStaged: () => onStep('staging')
    })
  const packets = await containers(filesOf(group, 'packets'), `${night.survey}/packets`)
  const moved = new Map(packets.moved.map((own) => [own.from, own]))
  const topics: Merged[] = []
  for (const [topic, own] of Map.groupBy(filesOf(group, 'topic'), topicOf)) {
    topics.push(await containers(own, topic, layMerged))
  }
  const copies = await copiesOf(work)
  const order = group.keys.inOrder().filter((key) => key < rowsOf(group) && !copies.rows.has(key))
  const alerts = await writeAlerts({
    ...group,
    store,
    threads: work.threads,
    folder,
    order,
    moved,
    metadata: metadataOf(work),
    target: sizes.alerts,
    rowGroup: sizes.rowGroup,
    memory: sizes.memory / 2,
    pathOf: (i) => fileOf(work, `${night.survey}/alerts`, i, 'parquet'),
    onWritten: () => {},
    onStaged: () => onStep('staging')
  })
  const merged = [packets, ...topics]
  const layers = await writeFolded(store, group.parts, folder, foldedPath(source, nth))
  const taken = await writeTaken(work, folder, merged, copies, layers.folded)
  const files = [...alerts, ...merged.flatMap((own) => own.files), ...layers.files, taken]
  return recordOf(work, files, { started, alerts: order.length, copies: copies.rows.size })
}

function fileOf({ night, source, nth }: ClosedWork, root: string, i: number, end: string): string {
  const number = String(i).padStart(4, '0')
  return `${root}/night=${night.night}/${partPath(source, nth, nth)}-${number}.${end}`
}

/** By their paths: of two packets of an alert the later one stays so. */
function filesOf({ parts }: Group, kind: PartFile['kind']): PartFile[] {
  const files = parts.flatMap((part) => part.files.filter((file) => file.kind === kind))
  return files.sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** `topics/fast-riser` */
function topicOf({ path }: PartFile): string {
  return path.split('/', 2).join('/')
}

function rowsOf({ parts }: Group): number {
  return parts.reduce((sum, part) => sum + alertsOf(part).rows, 0)
}

/** Among the parts, and against what earlier closes have: their ids are read too, and kept no longer than this. */
async function copiesOf({
  store,
  threads,
  night,
  group,
  before
}: ClosedWork): Promise<FoundCopies> {
  const { keys, parts } = group
  const own = parts.map((part) => ({ record: part.record, file: alertsOf(part) }))
  const earlier = before.flatMap((record) =>
    record.files.flatMap((file) => (file.kind === 'alerts' ? [{ record, file }] : []))
  )
  for (const [i, { file }] of earlier.entries()) {
    const { batch } = await threads.read(file, ['healpix', 'alert_id'])
    keys.add(longsOf(batch, 'healpix'), longsOf(batch, 'alert_id'), own.length + i)
  }
  const key = `${night.survey}/${night.night}`
  return findCopies({ store, read: threads.read }, key, keys, [...own, ...earlier], own.length)
}

function metadataOf({ night, source, nth, group }: ClosedWork): Record<string, string> {
  return {
    ...group.provenance,
    'siskin.part': partName(source, nth, nth),
    'siskin.source': source,
    'siskin.first': String(nth),
    'siskin.last': String(nth),
    'siskin.survey': night.survey,
    'siskin.night': String(night.night)
  }
}

async function writeTaken(
  { store, source, nth, group }: ClosedWork,
  folder: string,
  merged: readonly Merged[],
  { packets }: FoundCopies,
  folded: FoldedLayers
): Promise<PartFile> {
  const path = takenPath(source, nth)
  const moved = new Map<string, Moved>()
  for (const own of merged.flatMap((some) => some.moved)) {
    const copies = packets.get(own.from)
    moved.set(own.from, copies ? { ...own, copies } : own)
  }
  const lines = group.parts.map(({ record, files, layers }): TakenPart => ({
    record,
    moved: files.flatMap((file) => moved.get(file.path) ?? []),
    layers: layers.map(({ layer }) => `${layer.name}@${layer.version}`),
    ...(folded.has(record) && { folded: folded.get(record)! })
  }))
  const sum = new Summed()
  await store.writeFrom(`${folder}/${path}`, async function* () {
    sum.restart()
    for await (const piece of layTaken(lines)) yield sum.add(piece)
  })
  return { path, kind: 'taken', rows: lines.length, bytes: sum.bytes, crc32: sum.crc }
}

function recordOf(
  { night, source, nth, attempt, group }: ClosedWork,
  files: readonly PartFile[],
  { started, alerts, copies }: { started: string; alerts: number; copies: number }
): PartRecord {
  const key = `${night.survey}/${night.night}`
  const blocks: Record<string, number[]> = {}
  for (const { record } of group.parts) {
    const own = (blocks[record.source] ??= [])
    const block = Math.floor(record.first / BLOCK)
    if (own.at(-1) !== block) own.push(block)
  }
  const versions = Object.entries(versionsOf(group))
  return {
    part: partName(source, nth, nth),
    source,
    first: nth,
    last: nth,
    received: alerts,
    alerts,
    quarantined: {},
    duplicates: 0,
    nights: { [key]: alerts },
    modules: Object.fromEntries(
      versions.map(([name, version]) => [name, { version, statuses: {}, ms: 0 }])
    ),
    filters: {},
    files,
    attempt,
    closes: { night: key, parts: group.parts.length, blocks, copies },
    siskin: SISKIN_VERSION,
    started,
    seconds: {}
  }
}
