import { BLOCK } from '../lake/ledger.ts'
import type { PartRecord } from '../lake/ledger.ts'
import { blockAt, ledgerSources, readBlock } from '../lake/ledger-walk.ts'
import { requeueSourcesOf } from '../lake/requeue-name.ts'
import type { Store } from '../store/store.ts'

/** Parts that packets of this part's quarantine became. */
export async function requeuedFrom(
  store: Store,
  { source, first }: Pick<PartRecord, 'source' | 'first'>,
  sources?: readonly string[]
): Promise<PartRecord[]> {
  const found: PartRecord[] = []
  for (const name of requeueSourcesOf(source, sources ?? (await ledgerSources(store)))) {
    const { records } = await readBlock(store, blockAt(name, Math.floor(first / BLOCK)))
    found.push(...records.filter(({ requeued }) => requeued?.first === first))
  }
  return found
}
