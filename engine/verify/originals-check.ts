import { surveyOf } from '../duplicates/decode-once.ts'
import { MarkTable } from '../duplicates/mark-table.ts'
import { Marks, readMarks } from '../duplicates/marks.ts'
import type { OnFinding } from './finding.ts'
import { OWN } from '../lake/ledger.ts'
import type { PartRecord } from '../lake/ledger.ts'
import { blocksOf, ledgerSources, readBlock } from '../lake/ledger-walk.ts'
import { isClaimed } from '../lake/run-claim.ts'
import type { Store } from '../store/store.ts'

/**
 * Holds the duplicates of parts against the alerts of all others. A copy is told while its original is on its way into
 * the lake: when that never arrives, killed with its run, both are lost unless somebody says so.
 */
export class Originals {
  readonly #parts: PartRecord[] = []

  add(record: PartRecord): void {
    if (record.copies) this.#parts.push(record)
  }

  async check(store: Store, onFinding: OnFinding): Promise<void> {
    if (this.#parts.length === 0) return
    const there = await this.#search(store)
    const lost = this.#parts.flatMap((record) => {
      const ids = [...idsWithout(record, there)]
      return ids.length === 0 ? [] : [{ record, ids }]
    })
    if (lost.length === 0) return
    const isDifference = !(await isAnyoneAtWork(store)) // else an original may be on its way
    for (const { record, ids } of lost) {
      const named = ids.length > NAMED ? `${ids.slice(0, NAMED).join(', ')}, …` : ids.join(', ')
      const text = `part ${record.part}: the originals of ${ids.length} of its duplicates are in no part: ${named}`
      onFinding({ kind: 'orphan', record, text, isDifference })
    }
  }

  /** Those of the originals that are in the lake. */
  async #search(store: Store): Promise<MarkTable> {
    const lists = this.#parts.flatMap(({ copies }) => [...readMarks(copies ?? {})])
    const wanted = new Map(
      [...Map.groupBy(lists, ([night]) => night)].map(([night, own]) => {
        return [night, Marks.merge(own.map(([, marks]) => marks))] as const
      })
    )
    const there = new MarkTable()
    for (const source of await ledgerSources(store)) {
      for await (const block of blocksOf(store, source)) {
        for (const { marks } of (await readBlock(store, block)).records) {
          for (const [night, own] of readMarks(marks ?? {})) {
            const asked = wanted.get(night)
            if (!asked) continue
            for (const mark of own) {
              if (asked.meet(...mark) === 'copy') there.add(surveyOf(night), ...mark)
            }
          }
        }
      }
    }
    return there
  }
}

const NAMED = 5

function* idsWithout({ copies }: PartRecord, there: MarkTable): Generator<bigint> {
  for (const [night, marks] of readMarks(copies ?? {})) {
    for (const mark of marks) {
      const [low, high] = mark
      if (there.meet(surveyOf(night), ...mark) !== 'copy')
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
