import { BLOCK } from '../lake/ledger.ts'
import type { PartRecord } from '../lake/ledger.ts'
import { blockAt, ledgerSources, readBlock } from '../lake/ledger-walk.ts'
import type { Store } from '../store/store.ts'

/** Stands between a source and the number of a requeue of it: the name of the source that its parts are of. */
const MARK = '~'

export function requeueSource(source: string, nth: number): string {
  return `${source}${MARK}${nth}`
}

/** Sources of what was requeued of a source, in their order. */
export function requeueSourcesOf(source: string, sources: readonly string[]): string[] {
  const nth = (name: string) => Number(name.slice(source.length + 1))
  return sources
    .filter((name) => name.startsWith(source + MARK) && /^\d+$/.test(name.slice(source.length + 1)))
    .sort((a, b) => nth(a) - nth(b))
}

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
