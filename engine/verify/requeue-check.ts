import type { OnFinding } from './finding.ts'
import { recordAt } from '../lake/records.ts'
import type { PartRecord } from '../lake/ledger.ts'
import type { Store } from '../store/store.ts'

/** A requeued packet is counted in the quarantine of the part that it came in with. */
export async function checkRequeued(
  store: Store,
  { part, requeued, received }: PartRecord,
  onFinding: OnFinding
): Promise<void> {
  if (!requeued) return
  const say = (text: string) =>
    onFinding({ kind: 'other', text: `part ${part}: ${text}`, isDifference: true })
  const { source, first, last, reasons } = requeued
  const own = await recordAt(store, source, { first, last }).catch(() => null)
  if (!own) return say(`it is of the quarantine of ${source} ${first} to ${last}, which is no part`)
  for (const [reason, count] of Object.entries(reasons)) {
    const there = own.quarantined[reason as keyof typeof reasons] ?? 0
    if (there < count) say(`${count} were ${reason}, where ${own.part} has ${there}`)
  }
  const named = Object.values(reasons).reduce((sum, count) => sum + count, 0)
  if (named !== received) say(`received and requeued: ${received} and ${named}`)
}
