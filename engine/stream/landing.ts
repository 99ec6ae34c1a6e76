import type { Step } from '../persist/attempt.ts'
import { drop, enterLedger, placeFiles, RECORD } from '../persist/attempt.ts'
import type { FoundAttempt } from '../persist/attempt.ts'
import { lastSpan, ledgerPath } from '../persist/ledger.ts'
import type { PartRecord } from '../persist/ledger.ts'
import { readJson } from '../persist/replace-file.ts'
import type { Store } from '../persist/store.ts'

/** Moments of the commit of a micro-batch at which tests kill the member, in their order. */
type StreamStep = Step | 'begun' | 'sent'

export type OnStreamStep = (step: StreamStep) => void

/*
 * A part from Kafka becomes visible once, or not at all:
 *
 * 1. Its files and its record are staged, durable (`persist/attempt.ts`).
 * 2. One Kafka transaction publishes the selected alerts and moves the group's position behind the
 *    part: the commit point (`publish.ts`). Kafka takes it only from the generation that has the partition.
 * 3. The record is renamed into the ledger, the files to their places.
 *
 * | a crash | leaves | the next owner of the partition (`settle`) |
 * |---|---|---|
 * | within or after 1 | staged files, the group's position before them | removes them and reads again |
 * | within 2 | the same; a transaction that Kafka aborts | waits for the abort; the same |
 * | after 2 | staged files, the position behind them | places them |
 * | within 3 | some files placed | places the others |
 *
 * Who settles a partition has first read its position, then listed the attempts, then had Kafka confirm that
 * its generation still has the partition (`takeOver`). From there on what is decided of each of these
 * attempts stays true for ever: none of them can be of a younger generation, and no older one can commit any
 * more. So a member that was overtaken while it settles does the same as its successor, or finds it done.
 */

/** Who made an attempt: `g<generation>-<member>-<number>`. */
export function attemptName(generation: number, member: string, number: number): string {
  return `g${generation}-${member}-${number}`
}

interface Age {
  readonly generation: number
  readonly number: number
}

function ageOf(attempt: string): Age {
  const [, generation = '0', number = '0'] = /^g(\d+)-.*-(\d+)$/.exec(attempt) ?? []
  return { generation: Number(generation), number: Number(number) }
}

/** Ascending by position; of those that begin at one, the youngest first: an older one never counted. */
function inOrder(attempts: readonly FoundAttempt[]): FoundAttempt[] {
  return attempts.toSorted((a, b) => {
    const [old, young] = [ageOf(b.attempt), ageOf(a.attempt)]
    return a.first - b.first || old.generation - young.generation || old.number - young.number
  })
}

export interface Settled {
  readonly finished: PartRecord[]
  readonly dropped: string[]
  /** First position behind all that the ledger holds; null if it holds nothing. */
  readonly end: number | null
}

/**
 * Brings the staged attempts at a partition to their end. Those that count are a chain: from where the ledger
 * ends, one behind the other, up to the group's position. `position` is that of the group, and stable; null: it has none.
 */
export async function settle(
  store: Store,
  source: string,
  position: number | null,
  attempts: readonly FoundAttempt[]
): Promise<Settled> {
  const settled: { finished: PartRecord[]; dropped: string[] } = { finished: [], dropped: [] }
  const before = await lastSpan(store, source)
  let end = before ? before.last + 1 : null
  for (const found of inOrder(attempts)) {
    const record = await committed(store, source, found, end, position)
    if (record) {
      if (found.hasRecord) await enterLedger(store, record, found.folder)
      await placeFiles(store, record, found.folder, () => {})
      settled.finished.push(record)
      end = Math.max(end ?? 0, record.last + 1)
    } else {
      await drop(store, { source, ...found })
      settled.dropped.push(found.folder)
    }
  }
  return { ...settled, end }
}

/** The record of an attempt that counted, null for one that did not. */
async function committed(
  store: Store,
  source: string,
  { folder, attempt, first, last, hasRecord }: FoundAttempt,
  end: number | null,
  position: number | null
): Promise<PartRecord | null> {
  const entered = async () => {
    const record = await readJson<PartRecord>(store, ledgerPath(source, first, last))
    return record?.attempt === attempt ? record : null
  }
  const before = await entered()
  if (before || !hasRecord) return before
  if (position === null || last >= position || (end !== null && first !== end)) return null
  const record = await readJson<PartRecord>(store, `${folder}/${RECORD}`)
  if (!record) return entered() // another settles the same, and has moved it meanwhile
  return end === null && !record.stream?.begins ? null : record
}
