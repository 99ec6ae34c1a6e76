import type { Finding } from '../verify/finding.ts'
import type { Store } from '../store/store.ts'
import { readAside } from '../stream/common/aside.ts'

/**
 * Partitions that are not read. One of which a packet went neither into the lake nor into quarantine is a
 * difference; of the others, all that was taken in is there.
 */
export async function asideFindings(store: Store): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const { source, reason, detail, since } of (await readAside(store)).values()) {
    const text = `source ${source} stands aside since ${since} (${reason}): ${detail}`
    findings.push({ kind: 'other', text, isDifference: reason === 'unwritable' })
  }
  return findings
}
