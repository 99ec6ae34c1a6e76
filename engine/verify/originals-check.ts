import { surveyOf } from '../duplicates/decode-once.ts'
import { MarkTable } from '../duplicates/mark-table.ts'
import { readMarks } from '../duplicates/marks.ts'
import type { OnFinding } from './finding.ts'
import { OWN } from '../lake/ledger.ts'
import { recordAt } from '../lake/records.ts'
import type { PartRecord, PositionSpan } from '../lake/ledger.ts'
import { blocksOf, ledgerSources, readBlock } from '../lake/ledger-walk.ts'
import { isClaimed } from '../lake/run-claim.ts'
import type { Store } from '../store/store.ts'

/** Duplicates, and parts that have some, that are looked for in one pass over the ledger: less than 64 MiB. */
const A_PASS = { marks: 2 ** 21, parts: 100_000 }

interface Place extends PositionSpan {
  readonly source: string
}

/**
 * Holds the duplicates of parts against the alerts of all others. A copy is told while its original is on its way into
 * the lake: when that never arrives, killed with its run, both are lost unless somebody says so.
 *
 * Memory is that of one pass: of an archive that was taken in again there are as many duplicates as alerts.
 */
export class Originals {
  readonly #store: Store
  readonly #onFinding: OnFinding
  readonly #pass: typeof A_PASS
  readonly #wanted = new MarkTable()
  #parts: Place[] = []

  constructor(store: Store, onFinding: OnFinding, pass = A_PASS) {
    this.#store = store
    this.#onFinding = onFinding
    this.#pass = pass
  }

  async add({ source, first, last, copies }: PartRecord): Promise<void> {
    if (!copies) return
    this.#parts.push({ source, first, last })
    for (const [night, marks] of readMarks(copies)) {
      for (const mark of marks) this.#wanted.add(surveyOf(night), ...mark)
    }
    const { marks, parts } = this.#pass
    if (this.#wanted.size >= marks || this.#parts.length >= parts) await this.finish()
  }

  /** Looks for all that was added since the last look. */
  async finish(): Promise<void> {
    const parts = this.#parts
    this.#parts = []
    if (parts.length === 0) return
    const isDifference = !(await isAnyoneAtWork(this.#store)) // else an original may be on its way
    await this.#search()
    if (this.#wanted.size > 0) for (const part of parts) await this.#tell(part, isDifference)
    this.#wanted.clear()
  }

  /** Leaves those that are in no part. */
  async #search(): Promise<void> {
    for (const source of await ledgerSources(this.#store)) {
      for await (const block of blocksOf(this.#store, source)) {
        for (const { marks } of (await readBlock(this.#store, block)).records) {
          for (const [night, own] of readMarks(marks ?? {})) {
            for (const mark of own) this.#wanted.remove(surveyOf(night), ...mark)
          }
        }
        if (this.#wanted.size === 0) return
      }
    }
  }

  async #tell({ source, first, last }: Place, isDifference: boolean): Promise<void> {
    const record = await recordAt(this.#store, source, { first, last })
    if (!record) return // taken out meanwhile
    const ids = [...idsAmong(record, this.#wanted)]
    if (ids.length === 0) return
    const named = ids.length > NAMED ? `${ids.slice(0, NAMED).join(', ')}, …` : ids.join(', ')
    const text = `part ${record.part}: the originals of ${ids.length} of its duplicates are in no part: ${named}`
    const { part, attempt, stream } = record
    const orphan = { part, source, first, last, attempt, isStream: stream !== undefined }
    this.#onFinding({ kind: 'orphan', record: orphan, text, isDifference })
  }
}

const NAMED = 5

function* idsAmong({ copies }: PartRecord, lost: MarkTable): Generator<bigint> {
  for (const [night, marks] of readMarks(copies ?? {})) {
    for (const mark of marks) {
      const [low, high] = mark
      if (lost.meet(surveyOf(night), ...mark) === 'copy')
        yield (BigInt(high | 0) << 32n) | BigInt(low)
    }
  }
}

async function isAnyoneAtWork(store: Store): Promise<boolean> {
  for (const { name } of await store.entries(`${OWN}/owners/runs`)) {
    if (await isClaimed(store, name)) return true
  }
  return false
}
