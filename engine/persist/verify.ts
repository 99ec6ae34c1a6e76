import type { Reason } from '../reasons.ts'
import { checkAccount, SourceRanges } from './account-check.ts'
import { FileCheck } from './file-check.ts'
import { eachRecord, ledgerFiles } from './ledger.ts'
import type { PartRecord } from './ledger.ts'
import type { Store } from './store.ts'

/** What `siskin verify` found. `ok` means: every packet of every source is accounted for, once. */
export interface Verdict {
  readonly ok: boolean
  readonly received: number
  readonly alerts: number
  readonly quarantined: Partial<Record<Reason, number>>
  readonly duplicates: number
  readonly nights: Record<string, number>
  readonly topics: Record<string, number>
  /** Alert ids that are in the lake more than once: copies the stream sent to different members. */
  readonly copies: readonly string[]
  readonly differences: readonly string[]
}

export interface VerifyOptions {
  /** Reads every packet and message too, not only what the files say of themselves. */
  readonly deep: boolean
  /** Someone is at work on the lake: what lies staged is no difference. */
  readonly isLive?: boolean
  /** Sees every record of the ledger, once. */
  readonly onRecord?: (record: PartRecord) => void
  /** What the input still has of offsets that are in no part, in words. */
  readonly onGap?: (source: string, first: number, last: number) => Promise<string>
  onProgress(done: number, total: number): void
}

/**
 * Holds the lake against its ledger: ranges tile each source without gap or overlap, each account
 * adds up, every file is there with the rows and bytes of its account, nothing else is there, no
 * commit is unfinished.
 *
 * The files are listed before the ledger is read: a part's record is in the ledger before its files
 * are in place, so that a part that lands meanwhile is no difference.
 */
export async function verify(store: Store, options: VerifyOptions): Promise<Verdict> {
  const differences: string[] = []
  const files = await FileCheck.begin(store, options, differences)
  const ranges = new SourceRanges()
  const sums = {
    received: 0,
    alerts: 0,
    duplicates: 0,
    quarantined: {} as Partial<Record<Reason, number>>,
    nights: {} as Record<string, number>,
    topics: {} as Record<string, number>
  }
  const paths = await ledgerFiles(store)
  let done = 0
  for await (const record of eachRecord(store, paths)) {
    options.onRecord?.(record)
    ranges.add(record)
    checkAccount(record, differences)
    sums.received += record.received
    sums.alerts += record.alerts
    sums.duplicates += record.duplicates
    addTo(sums.quarantined, record.quarantined)
    addTo(sums.nights, record.nights)
    for (const { topic, published } of Object.values(record.filters)) {
      addTo(sums.topics, { [topic]: published })
    }
    for (const file of record.files) await files.take(file)
    options.onProgress((done += 1), paths.length)
  }
  await ranges.check(differences, options.onGap)
  const copies = await files.finish()
  return { ok: differences.length === 0, ...sums, copies, differences }
}

function addTo<K extends string>(
  to: Partial<Record<K, number>>,
  from: Readonly<Partial<Record<K, number>>>
): void {
  for (const key of Object.keys(from) as K[]) to[key] = (to[key] ?? 0) + (from[key] ?? 0)
}
