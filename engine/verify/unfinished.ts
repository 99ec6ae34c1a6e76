import { amount } from '../amount.ts'
import type { OnFinding } from './finding.ts'
import { committedSpans, OWN } from '../lake/ledger.ts'
import { newestRun } from '../lake/run-claim.ts'
import { isTold, remembered } from './source-counts.ts'
import type { Remembered } from './source-counts.ts'
import { lakeFlags, word } from '../store/lake-flags.ts'
import type { Store } from '../store/store.ts'

const FOLDER = `${OWN}/sources`

/**
 * Names the sources of files that were begun and never read to their end. One that broke off is told and no
 * difference: all that it had is in the lake.
 */
export async function unfinishedSources(store: Store, onFinding: OnFinding): Promise<void> {
  for (const { name } of await store.entries(FOLDER)) {
    if (!name.endsWith('.json')) continue
    const source = name.slice(0, -5)
    const known = await remembered(store, source)
    if (known && isTold(known) && known.count === null) await tell(store, source, known, onFinding)
  }
}

async function tell(
  store: Store,
  source: string,
  { path, brokenOff, replacedBy, abandoned }: Remembered,
  onFinding: OnFinding
): Promise<void> {
  const finding = { kind: 'unfinished', source } as const
  const packets = amount(await packetsOf(store, source), 'packet')
  if (brokenOff) {
    const text = `source ${source} ended with damage: ${brokenOff}; before it ${packets} came into the lake`
    return onFinding({ ...finding, text, isDifference: false })
  }
  const { since, isAtWork } = await newestRun(store, source)
  const begun = since === null ? 'was begun' : `was begun on ${since}`
  const told = `source ${source} ${begun} and not finished: ${packets} so far`
  if (isAtWork) {
    onFinding({ ...finding, text: `${told}; a run is at work on it`, isDifference: false })
  } else if (abandoned) {
    const text = `${told}; it was abandoned on ${abandoned.at}, as its archive is gone`
    onFinding({ ...finding, text, isDifference: false })
  } else if (replacedBy) {
    const text = `${told}; its folder began anew as ${replacedBy}`
    onFinding({ ...finding, text, isDifference: false })
  } else {
    const where = path === undefined ? '' : ` (siskin run ${word(path)} ${lakeFlags(store.root)})`
    onFinding({ ...finding, text: `${told}; run it again${where}`, isDifference: true })
  }
}

async function packetsOf(store: Store, source: string): Promise<number> {
  const spans = await committedSpans(store, source)
  return spans.reduce((sum, [first, last]) => sum + last - first + 1, 0)
}
