import type { Reason } from '../reasons.ts'
import { checkAccount, SourceRange } from './account-check.ts'
import type { OnGap } from './account-check.ts'
import { countCopies, noCopies } from './copies.ts'
import type { Copies } from './copies.ts'
import { ClosedParts } from './closed-parts.ts'
import { checkFiles } from './file-check.ts'
import type { FileCheckOptions } from './file-check.ts'
import type { OnFinding } from './finding.ts'
import { FolderSums } from './folder-sums.ts'
import { LayerCheck } from './layer-check.ts'
import { OWN } from '../lake/ledger.ts'
import type { PartRecord } from '../lake/ledger.ts'
import { readBlock } from '../lake/ledger-walk.ts'
import type { LedgerBlock } from '../lake/ledger-walk.ts'
import { PACK } from '../lake/pack.ts'
import { Originals } from './originals-check.ts'
import { allAcknowledged } from './proof-notes.ts'
import { checkRequeued } from './requeue-check.ts'
import { fileSources, isAbandoned } from './source-counts.ts'
import { leftOvers, Strays } from './strays.ts'
import type { Store } from '../store/store.ts'
import { unfinishedSources } from './unfinished.ts'
import { Reached } from './reached.ts'
import { Sums } from './sums.ts'
import { scopeOf } from './scope.ts'
import type { Reach } from './scope.ts'

/** What `siskin verify` found. `ok` means: every packet of every source is accounted for, once. */
export interface Verdict extends Copies {
  readonly ok: boolean
  readonly received: number
  readonly alerts: number
  /** Without those that were requeued. */
  readonly quarantined: Partial<Record<Reason, number>>
  /** Packets that were in quarantine and are alerts now. */
  readonly requeued: number
  readonly duplicates: number
  /** Offsets that Kafka had deleted before they were read. */
  readonly lost: number
  /** Of all that were ever lost, those that someone has taken note of. */
  readonly acknowledged: number
  readonly nights: Record<string, number>
  readonly topics: Record<string, number>
  readonly differences: readonly string[]
  /** What is no difference and worth to be told. */
  readonly notes: readonly string[]
}

export interface VerifyOptions extends Partial<Reach> {
  /** Reads every byte too, not only what stands at the begin and the end of each file. */
  readonly deep: boolean
  /** Someone is at work on the lake: what lies staged is no difference. */
  readonly isLive?: boolean
  /** Whether Kafka was asked who is at work. */
  readonly knowsKafka?: boolean
  /** Sees every record of the ledger that is looked at, once. */
  readonly onRecord?: (record: PartRecord) => void
  /** Hears of every document that a file names for what its columns are. */
  readonly onDocument?: (path: string, record: PartRecord) => void
  readonly onGap?: OnGap
  readonly onFinding?: OnFinding
  /** Up to where a source was looked at and is settled, from its begin or from where it was found whole before. */
  readonly onReached?: (source: string, next: number) => void
  /** `done` of `total` positions. */
  onProgress(done: number, total: number): void
}

/**
 * Holds the lake against its ledger: the parts of each source tile it without gap or overlap, each account
 * adds up, every file is there as it was written, nothing else is there.
 *
 * A block of the ledger is read, then the folders of its files are listed: a part's record is in the
 * ledger before its files are in place, and what is not there yet is looked for again, so that a part that
 * lands meanwhile is no difference. Memory grows with a block and with the alerts of a night, not with the lake.
 */
export async function verify(store: Store, options: VerifyOptions): Promise<Verdict> {
  const differences: string[] = []
  const notes: string[] = []
  const reached = new Reached()
  const onFinding: OnFinding = (finding) => {
    options.onFinding?.(finding)
    reached.heard(finding)
    if (finding.text !== '') (finding.isDifference ? differences : notes).push(finding.text)
  }
  const scope = await scopeOf(store, { night: null, since: null, ...options }, options.deep)
  const sums = new Sums(await allAcknowledged(store), onFinding)
  const isPartial = !scope.isWhole && scope.night === null
  const folders = new FolderSums(isPartial)
  const counts = scope.isWhole ? await fileSources(store) : new Map<string, number>()
  const originals = new Originals(store, onFinding, options.deep)
  const closed = new ClosedParts(store, onFinding)
  const fileCheck = { ...options, night: scope.night }
  const layers = await LayerCheck.open(store, fileCheck, folders, onFinding)
  const gaps = {
    onGap: options.onGap,
    isAbandoned: (...gap: Parameters<OnGap>) => isAbandoned(store, ...gap)
  }
  let done = 0
  for (const { source, from, blocks } of scope.sources) {
    const range = new SourceRange(source, from, onFinding, gaps)
    let end = 0
    for await (const block of blocks()) {
      const records = await checkBlock(store, block, fileCheck, onFinding, folders)
      await layers.block(block, records, (record) => scope.takes(record))
      for (const record of records) {
        closed.add(record)
        const isIntake = !record.requeued && !record.closes
        if (isIntake && scope.tiles(record)) await range.add(record)
        if (!scope.takes(record)) continue
        if (!record.closes) options.onRecord?.(record)
        end = record.last + 1
        checkAccount(record, onFinding)
        await originals.add(record)
        if (record.requeued) await checkRequeued(store, record, onFinding)
        sums.add(record, scope.night)
        options.onProgress((done += record.last - record.first + 1), scope.positions)
      }
    }
    const count = counts.get(source)
    if (count !== undefined) await range.expect(count)
    counts.delete(source)
    reached.add(source, Math.max(end, range.end))
  }
  for (const [source, count] of counts)
    await new SourceRange(source, 0, onFinding, gaps).expect(count)
  await closed.finish(!isPartial)
  if (scope.night === null) await unfinishedSources(store, onFinding)
  if (scope.isWhole) await layers.orphans()
  layers.tell()
  const strays = new Strays(store, folders, onFinding)
  if (scope.isWhole) await strays.everywhere()
  else if (!isPartial) await strays.nearby()
  const { isLive = false, knowsKafka = false } = options
  await leftOvers(store, { isLive, knowsKafka }, onFinding)
  await originals.finish()
  for (const [source, next] of reached.settled()) options.onReached?.(source, next)
  const copies = await copiesIn(store, folders, onFinding)
  return { ok: differences.length === 0, ...sums.totals(), ...copies, differences, notes }
}

/** Checks the files of a block; returns its records. */
async function checkBlock(
  store: Store,
  block: LedgerBlock,
  options: FileCheckOptions,
  onFinding: OnFinding,
  folders: FolderSums
): Promise<readonly PartRecord[]> {
  const { records, bad, others } = await readBlock(store, block)
  for (const { path, reason } of bad) {
    const text = `${path} cannot be read: ${reason}`
    const isPack = path.endsWith(PACK)
    if (isPack) onFinding({ kind: 'pack', source: block.source, path, text, isDifference: true })
    else onFinding({ kind: 'record', source: block.source, path, text, isDifference: true })
  }
  for (const path of others) {
    onFinding({ kind: 'foreign', path, text: `${path} is no record of a part`, isDifference: true })
  }
  await checkFiles(store, records, options, folders, onFinding)
  return records
}

/** Of all nights that were looked at. */
async function copiesIn(store: Store, folders: FolderSums, onFinding: OnFinding): Promise<Copies> {
  const copies = noCopies()
  for (const parent of folders.parents) {
    if (parent.startsWith(OWN) || !/^[^/]+\/alerts\//.test(parent)) continue
    await countCopies(store, parent, folders.keptIn(parent), copies, onFinding)
  }
  return copies
}
