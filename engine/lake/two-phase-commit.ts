import { dirname } from 'node:path/posix'
import { atOnce } from '../store/at-once.ts'
import { ledgerPath, OWN, rangeName } from './ledger.ts'
import type { PartRecord, PositionSpan } from './ledger.ts'
import { jsonBytes } from '../store/replace-file.ts'
import { isMissing } from '../store/errors.ts'
import { settle } from './settle.ts'
import type { Settling, SettlingStep } from './settle.ts'
import type { Store } from '../store/store.ts'

/** The files of a part before they are written: path in the lake, and the bytes in pieces. */
export interface Staged {
  readonly path: string
  readonly pieces: readonly Uint8Array[]
}

/** The moments at which a crash is tried in tests; their order is the order of the commit. */
export const STEPS = ['staging', 'staged', 'committed', 'placing', 'placed', 'done'] as const

/** Those of a closed night are between the last two. */
export type Step = (typeof STEPS)[number] | SettlingStep

export type OnStep = (step: Step) => void

/*
 * A part becomes visible once, or not at all: its commit has two phases, and between them one moment from which it counts.
 *
 * 1. Its files, then its record, are staged, durable (`stage`).
 * 2. The commit point. Of packets from files: `check` makes sure that the source is still this run's, and the record is
 *    renamed into the ledger (`file-commit.ts`). Of packets from Kafka: one transaction publishes the selected alerts and moves
 *    the group's position behind the part (`stream/commit/publisher.ts`); Kafka takes it only from the generation that has the
 *    partition.
 * 3. The record is in the ledger, the files are renamed to their places, the attempt's folder goes.
 *
 * | a crash | leaves | of files, the next run (`recover`) | of Kafka, the next owner (`recoverPartition`) |
 * |---|---|---|---|
 * | before or within 1 | staged files, no record of them | removes them; the range is read again | the same |
 * | after 1 | the same, complete | the same: the ledger has no record | the same: the position is before them |
 * | within 2 | the same | the same: a rename is all or nothing | waits for Kafka to abort; the same |
 * | after 2 | it counts, files staged | places them: the ledger has the record | places them: the position is behind them |
 * | within 3 | some files placed | places the others | the same |
 * | after 3 | an empty staging folder at most | removes it | the same |
 *
 * The order of renames on disk is that of the calls on file systems that journal metadata (ext4, xfs).
 *
 * An attempt at a part is a folder that nobody else ever writes into: its name holds who made it (a run,
 * or a generation of a consumer group and a member) and a number that is used once. So whatever is decided of an
 * attempt, by whomever and however late, can never touch another one. It goes as a whole: nothing of what
 * once was in work lies about for those who look for what is.
 */

/** Files of a part that are written or renamed at the same time: a store far away answers slowly. */
const FILES_AT_ONCE = 8

export const RECORD = 'record.json'

/** All attempts at parts of a source. */
export function stagingOf(source: string): string {
  return `${OWN}/staging/${source}`
}

/** Where an attempt lies until it is placed. */
export function attemptFolder(name: AttemptName): string {
  return `${rootOf(name)}/${rangeName(name.first, name.last)}`
}

function rootOf({ source, attempt }: Pick<AttemptName, 'source' | 'attempt'>): string {
  return `${stagingOf(source)}/${attempt}`
}

export type AttemptName = Pick<PartRecord, 'source' | 'attempt' | 'first' | 'last'>

/** Writes the files of a part and its record, all durable, where nobody sees them. */
export async function stage(
  store: Store,
  record: PartRecord,
  files: readonly Staged[],
  onStep: OnStep
): Promise<void> {
  const folder = attemptFolder(record)
  await atOnce(files, FILES_AT_ONCE, async ({ path, pieces }) => {
    await store.write(`${folder}/${path}`, pieces)
    onStep('staging')
  })
  await store.write(`${folder}/${RECORD}`, [jsonBytes(record)])
  onStep('staged')
}

/** What makes staged parts count. */
export interface CommitPoint<Refusal = never> {
  /** Null: they count from now on. Else, or when it throws, none of them does. */
  readonly pass: () => Promise<Refusal | null>
  /** Records are in the ledger by it. */
  readonly entersLedger: boolean
  /** Of a closed night. */
  readonly settling?: Settling
}

/** Parts that are put into their places at the same time. */
const PARTS_AT_ONCE = 4

/** Lets staged parts count, and puts them into their places. Null when it is done. */
export async function commitStaged<Refusal>(
  store: Store,
  records: readonly PartRecord[],
  { pass, entersLedger, settling }: CommitPoint<Refusal>,
  onStep: OnStep
): Promise<Refusal | null> {
  const refusal = await pass()
  if (refusal !== null) return refusal
  onStep('committed')
  await atOnce(records, PARTS_AT_ONCE, async (record) => {
    const folder = attemptFolder(record)
    if (!entersLedger) await enterLedger(store, record, folder)
    await placeFiles(store, record, folder, onStep, settling)
  })
  return null
}

/** Moves the record of an attempt into the ledger. What another one moved meanwhile is where it should be. */
export async function enterLedger(store: Store, record: PartRecord, folder: string): Promise<void> {
  const ledger = ledgerPath(record.source, record.first, record.last)
  await moveOnce(store, `${folder}/${RECORD}`, ledger, null)
  await store.sync([dirname(ledger)])
}

/** Moves the files of a committed attempt to their places, and removes its folder. Safe to be done twice, and by two at once. */
export async function placeFiles(
  store: Store,
  record: PartRecord,
  folder: string,
  onStep: OnStep,
  settling?: Settling
): Promise<void> {
  const { files } = record
  await atOnce(files, FILES_AT_ONCE, async ({ path, bytes }) => {
    await moveOnce(store, `${folder}/${path}`, path, bytes)
    onStep('placing')
  })
  await store.sync(new Set(files.map(({ path }) => dirname(path))))
  onStep('placed')
  if (settling) await settle(store, record, settling, onStep)
  await store.remove(dirname(folder))
}

async function moveOnce(
  store: Store,
  from: string,
  to: string,
  bytes: number | null
): Promise<void> {
  try {
    await store.rename(from, to)
  } catch (error) {
    const there = isMissing(error) ? await store.size(to) : null
    if (there === null || (bytes !== null && there !== bytes)) throw error
  }
}

/** The attempt was not committed and never will be. */
export async function drop(store: Store, attempt: AttemptName): Promise<void> {
  await store.remove(rootOf(attempt))
}

/** An attempt as it lies in the staging folder. */
export interface FoundAttempt extends PositionSpan {
  readonly folder: string
  readonly attempt: string
  /** Whole: its record was written, which comes last. */
  readonly hasRecord: boolean
}

/** The attempts at parts of a source that lie staged. */
export async function attemptsAt(store: Store, source: string): Promise<FoundAttempt[]> {
  const root = stagingOf(source)
  const found = new Map<string, FoundAttempt>()
  for (const { path } of await store.list(root)) {
    // a member's name may be all digits, but none has ten behind it: they count what it did
    const match = /^(.+?)\/(\d{10,})-(\d{10,})\/(.+)$/.exec(path.slice(root.length + 1))
    if (!match) continue
    const [, attempt = '', first = '', last = '', file = ''] = match
    const folder = `${root}/${attempt}/${first}-${last}`
    const hasRecord = file === RECORD || (found.get(folder)?.hasRecord ?? false)
    found.set(folder, { folder, attempt, first: Number(first), last: Number(last), hasRecord })
  }
  return [...found.values()]
}
