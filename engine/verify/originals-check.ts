import { behindSources } from '../duplicates/behind.ts'
import { surveyOf } from '../duplicates/decode-once.ts'
import { indexedUpTo, indexFiles, readIndexFile } from '../duplicates/index-files.ts'
import type { MarkedPart } from '../duplicates/index-files.ts'
import { landedFrom } from '../duplicates/index-writer.ts'
import { MarkTable } from '../duplicates/mark-table.ts'
import { readMarks } from '../duplicates/marks.ts'
import type { Marks } from '../duplicates/marks.ts'
import type { OnFinding } from './finding.ts'
import { isCovered } from '../lake/ledger.ts'
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

/** Ids of a night that are looked for. */
interface IdSpan {
  readonly least: bigint
  readonly greatest: bigint
}

/**
 * Holds the duplicates of parts against the alerts of all others. A copy is told while its original is on its way into
 * the lake: when that never arrives, killed with its run, both are lost unless somebody says so.
 *
 * Originals are looked for in the index of copies, then among the parts that are not in it yet, and in the whole ledger only
 * when some are in neither; with `deep` only there. Memory is that of one pass: of an archive that was taken in again there
 * are as many duplicates as alerts.
 */
export class Originals {
  readonly #store: Store
  readonly #onFinding: OnFinding
  readonly #deep: boolean
  readonly #pass: typeof A_PASS
  readonly #wanted = new MarkTable()
  /** By `survey/night`. */
  readonly #spans = new Map<string, IdSpan>()
  #parts: Place[] = []

  constructor(store: Store, onFinding: OnFinding, deep: boolean, pass = A_PASS) {
    this.#store = store
    this.#onFinding = onFinding
    this.#deep = deep
    this.#pass = pass
  }

  async add({ source, first, last, copies }: PartRecord): Promise<void> {
    if (!copies) return
    this.#parts.push({ source, first, last })
    for (const [night, marks] of readMarks(copies)) {
      if (marks.count === 0) continue
      this.#spans.set(night, widened(this.#spans.get(night), marks))
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
    if (!this.#deep) await this.#searchIndex()
    if (this.#wanted.size > 0) await this.#searchLedger()
    if (this.#wanted.size > 0) for (const part of parts) await this.#tell(part, isDifference)
    this.#wanted.clear()
    this.#spans.clear()
  }

  /** Leaves those that are neither in the index nor in a part that is yet to be put there. */
  async #searchIndex(): Promise<void> {
    for (const [night, { least, greatest }] of this.#spans) {
      for (const file of await indexFiles(this.#store, night)) {
        if (file.greatest < least || file.least > greatest) continue
        if (!(await isCovered(this.#store, file.source, file.first, file.last))) continue
        const marks = await readIndexFile(this.#store, file.path)
        if (marks && marks !== 'damaged') this.#found(night, marks)
      }
    }
    if (this.#wanted.size === 0) return
    for (const source of await behindSources(this.#store)) {
      const next = await indexedUpTo(this.#store, source)
      for await (const part of landedFrom(this.#store, source, next)) this.#foundIn(part)
    }
  }

  /** Leaves those that are in no part. */
  async #searchLedger(): Promise<void> {
    for (const source of await ledgerSources(this.#store)) {
      for await (const block of blocksOf(this.#store, source)) {
        for (const record of (await readBlock(this.#store, block)).records) this.#foundIn(record)
        if (this.#wanted.size === 0) return
      }
    }
  }

  #foundIn({ marks = {} }: Pick<MarkedPart, 'marks'>): void {
    for (const [night, own] of readMarks(marks)) this.#found(night, own)
  }

  #found(night: string, marks: Marks): void {
    for (const mark of marks) this.#wanted.remove(surveyOf(night), ...mark)
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

function widened(span: IdSpan | undefined, { first, last }: Marks): IdSpan {
  if (!span) return { least: first, greatest: last }
  return {
    least: first < span.least ? first : span.least,
    greatest: last > span.greatest ? last : span.greatest
  }
}

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
  for (const source of await behindSources(store)) if (await isClaimed(store, source)) return true
  return false
}
