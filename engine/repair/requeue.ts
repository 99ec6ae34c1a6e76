import { behindMarks, markBehind } from '../duplicates/behind.ts'
import { indexedUpTo, setIndexedUpTo } from '../duplicates/index-files.ts'
import type { Marks } from '../duplicates/marks.ts'
import { meantBy, messageOf, SiskinError, UsageError } from '../errors.ts'
import type { PacketRange } from '../packets.ts'
import { commit, recover } from '../lake/file-commit.ts'
import { lastSpan, OWN } from '../lake/ledger.ts'
import { attemptsAt } from '../lake/two-phase-commit.ts'
import type { PartRecord } from '../lake/ledger.ts'
import { blocksOf, ledgerSources, readBlock } from '../lake/ledger-walk.ts'
import { repairDrafts } from '../lake/repair-folder.ts'
import { requeuedSource, requeueSource, requeueSourcesOf } from '../lake/requeue-name.ts'
import { setMarksBack } from '../verify/proof-notes.ts'
import type { Store } from '../store/store.ts'
import type { Reason } from '../reasons.ts'
import type { MadePart } from '../pipeline.ts'
import { knownAlerts } from './known-alerts.ts'
import { LakeCopies } from './lake-copies.ts'
import { onceEach } from './maker.ts'
import type { RepairMaker } from './maker.ts'
import { freedFrom, rowsTaken } from './requeue-rows.ts'
import type { Freed } from './requeue-rows.ts'
import { requeuedFrom } from './requeued.ts'
import type { Workshop } from './workshop.ts'

export interface RequeueOptions extends Pick<Workshop, 'store' | 'maker' | 'claims' | 'onStep'> {
  readonly warn: (message: string) => void
  /** Only packets that are in quarantine for these; null: all. */
  readonly reasons: readonly Reason[] | null
  /** Only of these sources; null: of all. */
  readonly sources: readonly string[] | null
  /** Shows what would become alerts; false: it is to stay as it is. */
  readonly agree: (found: Requeue) => Promise<boolean>
}

/** Packets of quarantine, by what becomes of them. */
export interface Requeue {
  /** In quarantine, without those that were requeued before. */
  readonly held: number
  /** Of these, the ones that decode now, by the reason why they are there. */
  readonly freed: Partial<Record<Reason, number>>
}

export interface Requeued extends Requeue {
  readonly parts: number
  readonly alerts: number
  readonly duplicates: number
  readonly isRefused: boolean
  /** Sources that were left alone, and why. */
  readonly failures: readonly string[]
}

/** The source is claimed: all that lies staged is of requeues that are over. */
const NEWEST = Number.MAX_SAFE_INTEGER
/** Who is behind with the index of what was requeued: one at a time requeues. */
const REQUEUE = 'requeue'

/**
 * Tries packets of quarantine again, with the code and the schemas of now. Those that decode become alerts of parts of
 * their own, whose records say which they are: they are counted where they were received, once. What was
 * requeued is not tried again, so that it can be done as often as one likes, and be killed at any moment.
 */
export async function requeue(options: RequeueOptions): Promise<Requeued> {
  const { store, claims, agree } = options
  const all = await ledgerSources(store)
  expectSources(options, all)
  const own = all.filter((source) => !isRequeue(source) && isAsked(source, options))
  const failures: string[] = []
  await settle(options, own, failures)
  const found = await count(options, own, all)
  const nothing = { ...found, parts: 0, alerts: 0, duplicates: 0, failures }
  const isAny = Object.keys(found.freed).length > 0
  if (!isAny || !(await agree(found))) return { ...nothing, isRefused: isAny }
  await claims.begin()
  const sums = { parts: 0, alerts: 0, duplicates: 0 }
  const copies = await LakeCopies.open(store, options.warn)
  const names = await requeuesIn(store)
  await eachSource(own, failures, async (source) => {
    await claims.take(source)
    await finish(store, source, names)
    for await (const { record, freed } of freedOf(options, source, [...names])) {
      const made = await land(options, record, freed, copies)
      names.add(made.source)
      copies.add(made)
      sums.parts++
      sums.alerts += made.alerts
      sums.duplicates += made.duplicates
    }
    await enterIndex(store, source, names, copies)
  })
  return { ...found, ...sums, failures, isRefused: false }
}

/** One that fails is named, and stops none of the others. */
async function eachSource(
  sources: readonly string[],
  failures: string[],
  work: (source: string) => Promise<void>
): Promise<void> {
  for (const source of sources) {
    try {
      await work(source)
    } catch (error) {
      failures.push(`${source}: ${messageOf(error)}`)
    }
  }
}

/** Of what lies in the ledger, and of what was killed before its first commit. */
async function requeuesIn(store: Store): Promise<Set<string>> {
  const staged = await store.entries(`${OWN}/staging`)
  const names = [...(await ledgerSources(store)), ...staged.map(({ name }) => name)]
  return new Set(names.filter(isRequeue))
}

/**
 * Brings requeues that were cut off to their end, whether anything is left to be requeued or not: what they committed may
 * lie staged, or not be in the index of copies.
 */
async function settle(
  { store, claims, warn }: RequeueOptions,
  sources: readonly string[],
  failures: string[]
): Promise<void> {
  const names = await requeuesIn(store)
  const cutOff = new Set<string | null>()
  for (const name of names) if (await isCutOff(store, name)) cutOff.add(requeuedSource(name))
  const own = sources.filter((source) => cutOff.has(source))
  if (own.length === 0) return
  await claims.begin()
  const copies = await LakeCopies.open(store, warn)
  await eachSource(own, failures, async (source) => {
    await claims.take(source)
    await finish(store, source, names)
    await enterIndex(store, source, names, copies)
  })
}

async function isCutOff(store: Store, name: string): Promise<boolean> {
  if ((await attemptsAt(store, name)).length > 0) return true
  const last = await lastSpan(store, name)
  return last !== null && (await indexedUpTo(store, name)) <= last.last
}

/** What is committed is put into its place, the rest removed. The source is claimed. */
async function finish(store: Store, source: string, names: ReadonlySet<string>): Promise<void> {
  for (const name of requeueSourcesOf(source, [...names])) await recover(store, name, NEWEST)
}

async function enterIndex(
  store: Store,
  source: string,
  names: ReadonlySet<string>,
  copies: LakeCopies
): Promise<void> {
  const behind = await behindMarks(store)
  for (const name of requeueSourcesOf(source, [...names])) {
    for await (const block of blocksOf(store, name)) {
      await copies.enter(name, (await readBlock(store, block)).records)
    }
    const last = await lastSpan(store, name)
    if (last) await setIndexedUpTo(store, name, last.last + 1, repairDrafts(name))
    for (const mark of behind.get(name) ?? []) await store.remove(mark)
  }
}

function isRequeue(source: string): boolean {
  return requeuedSource(source) !== null
}

/** @throws UsageError for a source that the lake does not have, naming those it has. */
function expectSources(
  { store, sources }: Pick<RequeueOptions, 'store' | 'sources'>,
  all: readonly string[]
): void {
  const known = all.filter((source) => !isRequeue(source)).toSorted()
  const missing = sources?.find((source) => !known.includes(source))
  if (missing === undefined) return
  throw new UsageError(
    `no source "${missing}" in the lake ${store.root}${meantBy(missing, known)}; there are: ${known.join(', ')}`
  )
}

function isAsked(source: string, { sources }: Pick<RequeueOptions, 'sources'>): boolean {
  return sources === null || sources.includes(source)
}

async function count(
  options: RequeueOptions,
  sources: readonly string[],
  all: readonly string[]
): Promise<Requeue> {
  const freed: Partial<Record<Reason, number>> = {}
  let held = 0
  for (const source of sources) {
    for await (const found of freedOf(options, source, all, (packets) => (held += packets))) {
      for (const [reason, packets] of Object.entries(found.freed.reasons) as [Reason, number][]) {
        freed[reason] = (freed[reason] ?? 0) + packets
      }
    }
  }
  return { held, freed }
}

/** Parts of a source, and the packets of their quarantine that decode now. */
async function* freedOf(
  { store, maker, reasons }: RequeueOptions,
  source: string,
  all: readonly string[],
  onHeld: (packets: number) => void = () => {}
): AsyncGenerator<{ record: PartRecord; freed: Freed }, void> {
  for await (const block of blocksOf(store, source)) {
    for (const record of (await readBlock(store, block)).records) {
      const file = record.files.find(({ kind }) => kind === 'quarantine')
      if (!file) continue
      const taken = rowsTaken(await requeuedFrom(store, record, all))
      onHeld(file.rows - taken.size)
      const freed = await freedFrom(store, record, file, taken, reasons, decoderOf(maker))
      if (freed) yield { record, freed }
    }
  }
}

function decoderOf({ shared: { schemas, surveys, resolve } }: RepairMaker) {
  return { decode: { schemas, surveys }, resolve }
}

async function land(
  { store, maker, claims, onStep }: RequeueOptions,
  { source, first, last }: PartRecord,
  { range, rows, positions, reasons }: Freed,
  copies: LakeCopies
): Promise<PartRecord> {
  const name = await freeSource(store, source, first)
  const attempt = claims.newAttempt()
  const made = await makeOnce(store, maker, { ...range, source: name, first }, attempt, copies)
  if (Object.keys(made.record.quarantined).length > 0) {
    throw new SiskinError(`a packet of ${source} ${first} to ${last} decoded and does not any more`)
  }
  const requeued = { source, first, last, rows, positions, reasons }
  const record = { ...made.record, requeued }
  await setMarksBack(store, name, first)
  await markBehind(store, name, REQUEUE)
  if ((await indexedUpTo(store, name)) > first) {
    await setIndexedUpTo(store, name, first, repairDrafts(name)) // until it is in it, if this is killed
  }
  await commit(store, record, made.files, () => claims.check(source), onStep)
  return record
}

/** Only what lies in the lake byte for byte is a copy: what is known of it may be of a part that is lost. */
async function makeOnce(
  store: Store,
  maker: RepairMaker,
  range: PacketRange,
  attempt: string,
  copies: LakeCopies
): Promise<MadePart> {
  let isCopied = false
  const look = async (night: string, marks: Marks) => {
    const found = await copies.look(night, marks)
    const revisions = [...found].filter(([, met]) => met === 'revision')
    isCopied ||= revisions.length < found.size
    return new Map(revisions)
  }
  const made = await maker.make(range, 'files', attempt, onceEach(), { look })
  if (!isCopied) return made
  const known = await knownAlerts(store, made)
  return maker.make(range, 'files', attempt, onceEach(known), { look })
}

/** The first that has nothing of this part yet. */
async function freeSource(store: Store, source: string, first: number): Promise<string> {
  const taken = await requeuedFrom(store, { source, first })
  return requeueSource(source, taken.length + 1)
}
