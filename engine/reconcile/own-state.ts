import type { Finding } from '../verify/finding.ts'
import type { PartRecord } from '../lake/ledger.ts'
import { fileSources } from '../verify/source-counts.ts'
import type { Store } from '../store/store.ts'
import { bookFindings } from './book-check.ts'
import type { SeenSource } from './book-check.ts'
import { ColumnsCheck } from './columns-check.ts'
import { IndexCheck } from './index-check.ts'

/** What the lake keeps for itself besides the ledger (index of copies, book of sources, documents of columns), held against it. */
export class OwnState {
  readonly #store: Store
  readonly #index: IndexCheck
  readonly #columns = new ColumnsCheck()
  readonly #seen = new Map<string, SeenSource>()
  /** By source, the first position that is known to be missing. */
  readonly #gaps = new Map<string, number>()

  private constructor(store: Store, index: IndexCheck) {
    this.#store = store
    this.#index = index
  }

  /** To be opened before the ledger is read. */
  static async open(store: Store): Promise<OwnState> {
    return new OwnState(store, await IndexCheck.open(store))
  }

  take(record: PartRecord): void {
    const { source, last, stream, requeued } = record
    this.#index.take(record)
    this.#seen.set(source, { end: last + 1, isOfFiles: !stream && !requeued })
  }

  document(path: string, record: PartRecord): void {
    this.#columns.take(path, record)
  }

  heard(finding: Finding): void {
    if (finding.kind === 'record') this.#gaps.set(finding.source, 0)
    if (finding.kind !== 'gap' || !finding.isDifference) return // given up: the index is without it
    const { source, first } = finding
    this.#gaps.set(source, Math.min(first, this.#gaps.get(source) ?? first))
  }

  async findings(deep: boolean): Promise<Finding[]> {
    const finished = new Set<string>()
    for (const [source, count] of await fileSources(this.#store)) {
      if ((this.#seen.get(source)?.end ?? 0) >= count) finished.add(source)
    }
    return [
      ...(await this.#index.findings(deep, this.#gaps, finished)),
      ...(await bookFindings(this.#store, this.#seen)),
      ...(await this.#columns.findings(this.#store))
    ]
  }
}
