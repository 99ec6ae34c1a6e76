import { dirname } from 'node:path/posix'
import { ledgerPath, OWN, readRecord, stagingPath } from './ledger.ts'
import type { PartRecord } from './ledger.ts'
import type { Store } from './store.ts'

/** The files of a part before they are written: path in the lake, and the bytes in pieces. */
export interface Staged {
  readonly path: string
  readonly pieces: readonly Uint8Array[]
}

/** The moments at which a crash is tried in tests; their order is the order of the commit. */
export type Step = 'staging' | 'staged' | 'committed' | 'placing' | 'placed' | 'done'

export type OnStep = (step: Step) => void

/**
 * Makes a part visible: once, or not at all.
 *
 * 1. Every file goes to the staging folder, durable. Then the record, in the same place.
 * 2. The record is renamed into the ledger: the commit point.
 * 3. The files are renamed to their places; the staging folder goes.
 *
 * | a crash | leaves | the next start (`recover`) |
 * |---|---|---|
 * | before or within 1 | staged files, no record in the ledger | removes them; the range is read again |
 * | after 1 | the same, complete | the same |
 * | after 2 | a record, files still staged | places the files |
 * | within 3 | a record, some files placed | places the others |
 * | after 3 | an empty staging folder at most | removes it |
 *
 * The order of renames on disk is that of the calls on file systems that journal metadata (ext4, xfs).
 */
export async function commit(
  store: Store,
  record: PartRecord,
  files: readonly Staged[],
  onStep: OnStep
): Promise<void> {
  const { source, first, last } = record
  const staging = stagingPath(source, first, last)
  const account = `${staging}/record.json`
  const staged = await Promise.allSettled(
    files.map(async ({ path, pieces }) => {
      await store.write(`${staging}/${path}`, pieces)
      onStep('staging')
    })
  )
  // When one failed, none of the others may still be writing: the caller clears the staging folder.
  const failed = staged.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
  await store.write(account, [Buffer.from(`${JSON.stringify(record, null, 1)}\n`)])
  onStep('staged')
  const ledger = ledgerPath(source, first, last)
  await store.rename(account, ledger)
  await store.settle([dirname(ledger)])
  onStep('committed')
  await place(store, record, onStep)
  onStep('done')
}

async function place(store: Store, record: PartRecord, onStep: OnStep): Promise<void> {
  const staging = stagingPath(record.source, record.first, record.last)
  for (const { path } of record.files) {
    await store.rename(`${staging}/${path}`, path)
    onStep('placing')
  }
  await store.settle(new Set(record.files.map(({ path }) => dirname(path))))
  onStep('placed')
  await store.remove(staging)
}

export interface Recovered {
  /** Parts whose files were put in place. */
  readonly finished: string[]
  /** Staged parts that were never committed, removed. */
  readonly dropped: string[]
}

/** Brings a lake that was left in the middle of commits to a whole state. Run before anything else. */
export async function recover(store: Store): Promise<Recovered> {
  const root = `${OWN}/staging`
  const staged = new Map<string, Set<string>>()
  for (const { path } of await store.list(root)) {
    const [source = '', range = '', ...rest] = path.slice(root.length + 1).split('/')
    const key = `${source}/${range}`
    staged.set(key, (staged.get(key) ?? new Set()).add(rest.join('/')))
  }
  const recovered: Recovered = { finished: [], dropped: [] }
  for (const [key, files] of staged) {
    const ledger = `${OWN}/ledger/${key}.json`
    if ((await store.size(ledger)) === null) {
      recovered.dropped.push(key)
    } else {
      await finish(store, await readRecord(store, ledger), files)
      recovered.finished.push(key)
    }
  }
  await store.remove(root)
  return recovered
}

/**
 * The same for one range, whose member died: its record if it was committed, null if it is to be
 * done again.
 */
export async function recoverRange(
  store: Store,
  source: string,
  first: number,
  last: number
): Promise<PartRecord | null> {
  const staging = stagingPath(source, first, last)
  const ledger = ledgerPath(source, first, last)
  const committed = (await store.size(ledger)) !== null
  const record = committed ? await readRecord(store, ledger) : null
  if (record) {
    const staged = await store.list(staging)
    await finish(store, record, new Set(staged.map(({ path }) => path.slice(staging.length + 1))))
  }
  await store.remove(staging)
  return record
}

async function finish(store: Store, record: PartRecord, staged: Set<string>): Promise<void> {
  const staging = stagingPath(record.source, record.first, record.last)
  const waiting = record.files.filter(({ path }) => staged.has(path))
  for (const { path } of waiting) await store.rename(`${staging}/${path}`, path)
  await store.settle(new Set(waiting.map(({ path }) => dirname(path))))
}
