import { randomBytes } from 'node:crypto'
import { dirname } from 'node:path/posix'
import {
  attemptFolder,
  attemptsAt,
  commitStaged,
  placeFiles,
  RECORD,
  stage,
  stagingOf
} from './two-phase-commit.ts'
import type { AttemptName, OnStep, Staged } from './two-phase-commit.ts'
import { ledgerPath, rangeName } from './ledger.ts'
import { nightOfClosed } from './closed.ts'
import { recordAt } from './records.ts'
import { checkRun, CLOSING } from './run-claim.ts'
import type { Settling } from './settle.ts'
import type { PartRecord } from './ledger.ts'
import { isMissing } from '../store/errors.ts'
import type { Store } from '../store/store.ts'

/**
 * Makes a part of a file visible: once, or not at all. Its commit point is the rename of its record into the ledger.
 *
 * A run that was thought dead and goes on finds at `check` that its source is another's. If it was
 * frozen between `check` and the rename, the next run has meanwhile renamed its staging folder, so that the
 * rename fails: it cannot commit what its successor does not see.
 */
export async function commit(
  store: Store,
  record: PartRecord,
  files: readonly Staged[],
  check: () => Promise<void>,
  onStep: OnStep
): Promise<void> {
  await stage(store, record, files, onStep)
  const pass = async () => {
    await check()
    const ledger = ledgerPath(record.source, record.first, record.last)
    await store.rename(`${attemptFolder(record)}/${RECORD}`, ledger)
    await store.sync([dirname(ledger)])
    return null
  }
  const settling = settlingOf(store, record.source, runOf(record.attempt))
  await commitStaged(store, [record], { pass, entersLedger: true, ...settling }, onStep)
  onStep('done')
}

export interface Recovered {
  /** Parts whose files were put in place. */
  readonly finished: string[]
  /** Staged parts that were never committed, removed. */
  readonly dropped: string[]
}

/** The attempts of a run, and what they are called: `run<run>/<number>`. */
export function attemptOfRun(run: number, number: number): string {
  return `run${run}/${number}`
}

/** The run or repair that made an attempt, null for what a stream made. */
function runOf(attempt: string): number | null {
  const match = /^(?:run|repair)(\d+)(\.over|\/|$)/.exec(attempt)
  return match ? Number(match[1]) : null
}

/** Of a closed night: what is left to be done is done by the close of that number, as long as no other has begun. */
function settlingOf(
  store: Store,
  source: string,
  run: number | null
): { readonly settling?: Settling } {
  if (run === null || !nightOfClosed(source)) return {}
  const drafts = `${stagingOf(source)}/run${run}/settling`
  return { settling: { drafts, check: () => checkRun(store, CLOSING, run) } }
}

const OVER = '.over'
/** How an attempt was called before it was fenced, in whichever of its folders. */
export const unfenced = (attempt: string) => attempt.replaceAll(/\.over[^/]*/g, '')

/**
 * Brings a source that earlier runs left in the middle of commits to a whole state. Nothing of another
 * source is looked at, and nothing of this run or a younger one is touched. To be called by the run that has
 * claimed the source, as `run`; one that has lost it meanwhile does the same as its successor, or finds it done.
 */
export async function recover(store: Store, source: string, run: number): Promise<Recovered> {
  const root = stagingOf(source)
  const recovered: Recovered = { finished: [], dropped: [] }
  const isOlder = (attempt: string) => (runOf(attempt) ?? run) < run
  for (const { name } of await store.entries(root)) {
    if (isOlder(name) && !name.includes(OVER)) await fence(store, `${root}/${name}`)
  }
  for (const { folder, attempt, first, last } of await attemptsAt(store, source)) {
    if (!isOlder(attempt)) continue
    const record = await recordAt(store, source, { first, last })
    const part = `${source}/${first}-${last}`
    if (record?.attempt === unfenced(attempt)) {
      const { settling } = settlingOf(store, source, run)
      await placeFiles(store, record, folder, () => {}, settling)
      recovered.finished.push(part)
    } else {
      recovered.dropped.push(part)
    }
  }
  for (const { name } of await store.entries(root)) {
    if (isOlder(name)) await store.remove(`${root}/${name}`)
  }
  return recovered
}

/**
 * From now on nobody can commit from this folder under its old name. Its new name is not that of one that was
 * fenced before: a run that does not know that it is over may have made the folder again.
 */
async function fence(store: Store, folder: string): Promise<string> {
  const fenced = `${folder}${OVER}-${randomBytes(6).toString('hex')}`
  await store.rename(folder, fenced).catch((error: unknown) => {
    if (!isMissing(error)) throw error
  })
  return fenced
}

/**
 * The same for one attempt of the run that is going on, whose member died: its record if it was committed,
 * null if the range is to be done again. What the member had begun may still be under way: hence the fence.
 */
export async function recoverAttempt(
  store: Store,
  { source, attempt, first, last }: AttemptName
): Promise<PartRecord | null> {
  const fenced = await fence(store, `${stagingOf(source)}/${attempt}`)
  const committed = await recordAt(store, source, { first, last })
  if (committed?.attempt === unfenced(attempt)) {
    await placeFiles(store, committed, `${fenced}/${rangeName(first, last)}`, () => {})
  }
  await store.remove(fenced)
  return committed
}
