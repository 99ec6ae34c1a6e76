import { behindSources } from '../duplicates/behind.ts'
import { surveyOf } from '../duplicates/decode-once.ts'
import { writeIndex } from '../duplicates/index-files.ts'
import { youngParts } from '../duplicates/index-writer.ts'
import { MarkTable } from '../duplicates/mark-table.ts'
import { readMarks } from '../duplicates/marks.ts'
import type { Marks, Met } from '../duplicates/marks.ts'
import { SeenIndex } from '../duplicates/seen-index.ts'
import type { PartRecord } from '../lake/ledger.ts'
import { repairDrafts } from '../lake/repair-folder.ts'
import type { Store } from '../store/store.ts'

/** What the lake has of alerts, by their marks: the index, the parts that are not in it yet, and what was added. */
export class LakeCopies {
  readonly #store: Store
  readonly #index: SeenIndex
  readonly #table = new MarkTable()

  private constructor(store: Store, warn: (message: string) => void) {
    this.#store = store
    this.#index = new SeenIndex(store, { days: null, warn })
  }

  static async open(store: Store, warn: (message: string) => void): Promise<LakeCopies> {
    const copies = new LakeCopies(store, warn)
    for (const source of await behindSources(store)) {
      for (const part of await youngParts(store, source, Number.POSITIVE_INFINITY)) {
        copies.add(part)
      }
    }
    return copies
  }

  /** How those of the marks that are not new stand, by their place in the list. */
  async look(night: string, marks: Marks): Promise<Map<number, Exclude<Met, 'new'>>> {
    const found = await this.#index.look(night, marks)
    const survey = surveyOf(night)
    for (let i = 0; i < marks.count; i++) {
      const met = this.#table.meet(survey, ...marks.at(i))
      if (met === 'copy' || (met === 'revision' && !found.has(i))) found.set(i, met)
    }
    return found
  }

  add({ marks = {} }: Pick<PartRecord, 'marks'>): void {
    for (const [night, list] of readMarks(marks)) {
      for (const mark of list) this.#table.add(surveyOf(night), ...mark)
    }
  }

  /**
   * Puts parts of a source into the index that landed out of its order, and are not in it. Killed before it, the next
   * requeue does it.
   */
  async enter(source: string, records: readonly PartRecord[]): Promise<void> {
    const missing: PartRecord[] = []
    for (const record of records) if (!(await this.#isIn(record))) missing.push(record)
    if (missing.length === 0) return
    for (const run of withoutHoles(missing)) {
      this.#index.wrote(await writeIndex(this.#store, source, run, repairDrafts(source)))
    }
  }

  async #isIn({ marks = {} }: PartRecord): Promise<boolean> {
    for (const [night, list] of readMarks(marks)) {
      const found = await this.#index.look(night, list)
      for (let i = 0; i < list.count; i++) if (found.get(i) !== 'copy') return false
    }
    return true
  }
}

/** Parts that follow each other: an index file counts only where the ledger has all of its positions. */
function withoutHoles(records: readonly PartRecord[]): PartRecord[][] {
  const runs: PartRecord[][] = []
  for (const record of records.toSorted((a, b) => a.first - b.first)) {
    const run = runs.at(-1)
    if (run && record.first === run.at(-1)!.last + 1) run.push(record)
    else runs.push([record])
  }
  return runs
}
