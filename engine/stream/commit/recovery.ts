import { drop, enterLedger, placeFiles, RECORD, STEPS } from '../../lake/two-phase-commit.ts'
import type { FoundAttempt, Step } from '../../lake/two-phase-commit.ts'
import { lastSpan } from '../../lake/ledger.ts'
import { recordAt } from '../../lake/records.ts'
import type { PartRecord } from '../../lake/ledger.ts'
import { readJson } from '../../store/replace-file.ts'
import type { Store } from '../../store/store.ts'

/** Moments of the commit of a micro-batch at which tests kill the member, in their order: those of files, around a transaction. */
export const STREAM_STEPS = [...STEPS.slice(0, 2), 'begun', 'sent', ...STEPS.slice(2)] as const

export type OnStreamStep = (step: Step | (typeof STREAM_STEPS)[number]) => void

/*
 * Who recovers a partition has first read its position, then listed the attempts, then had Kafka confirm that
 * its generation still has the partition (`takeOver`). From there on what is decided of each of these
 * attempts stays true for ever: none of them can be of a younger generation, and no older one can commit any
 * more. So a member that was overtaken while it recovers does the same as its successor, or finds it done.
 */

/** Who made an attempt: `g<generation>-<member>-<number>`. */
export function attemptName(generation: number, member: string, number: number): string {
  return `g${generation}-${member}-${number}`
}

interface Age {
  readonly generation: number
  readonly number: number
}

/** True for an attempt of a former group of this name, which came further than this one has. */
export function isOfFormer({ attempt }: FoundAttempt, generation: number): boolean {
  return ageOf(attempt).generation > generation
}

function ageOf(attempt: string): Age {
  const [, generation = '0', number = '0'] = /^g(\d+)-.*-(\d+)$/.exec(attempt) ?? []
  return { generation: Number(generation), number: Number(number) }
}

/**
 * Ascending by position. Of those that begin at one: the one that the group's position stands behind, because no
 * more than one part of a partition is ever committed and not in the ledger; then the youngest, an older one
 * never counted.
 */
function inOrder(attempts: readonly FoundAttempt[], position: number | null): FoundAttempt[] {
  const misses = ({ last }: FoundAttempt) => (last + 1 === position ? 0 : 1)
  return attempts.toSorted((a, b) => {
    const [old, young] = [ageOf(b.attempt), ageOf(a.attempt)]
    return (
      a.first - b.first ||
      misses(a) - misses(b) ||
      old.generation - young.generation ||
      old.number - young.number
    )
  })
}

export interface RecoveredPartition {
  readonly finished: PartRecord[]
  readonly dropped: string[]
  /** First position behind all that the ledger holds; null if it holds nothing. */
  readonly end: number | null
}

/** What the group says of a partition. */
interface Standing {
  /** Stable; null: it has none. */
  readonly position: number | null
  /** Of who recovers. Attempts of a younger one are of a former group of this name, and its position says nothing of them. */
  readonly generation: number
  /** Folders of attempts that counted by what is in the topics. */
  readonly published?: ReadonlySet<string>
}

/**
 * Brings the staged attempts at a partition to their end. Those that count lie between the end of the ledger
 * and the group's position, none over another. (Behind a gap that somebody made in the lake, too.)
 */
export async function recoverPartition(
  store: Store,
  source: string,
  { position, generation, published = new Set() }: Standing,
  attempts: readonly FoundAttempt[]
): Promise<RecoveredPartition> {
  const recovered: { finished: PartRecord[]; dropped: string[] } = { finished: [], dropped: [] }
  const before = await lastSpan(store, source)
  let end = before ? before.last + 1 : null
  const lasts = attempts.filter(({ folder }) => published.has(folder)).map(({ last }) => last + 1)
  const reached = lasts.length > 0 ? Math.max(position ?? 0, ...lasts) : position
  for (const found of inOrder(attempts, reached)) {
    const isPublished = published.has(found.folder)
    const known = isPublished ? reached : isOfFormer(found, generation) ? null : position
    const counted = await committed(store, source, found, end, known)
    if (counted && found.hasRecord) await enterLedger(store, counted, found.folder)
    const record = counted ?? (await lateEntry(store, source, found))
    if (record) {
      await placeFiles(store, record, found.folder, () => {})
      recovered.finished.push(record)
      end = Math.max(end ?? 0, record.last + 1)
    } else {
      await drop(store, { source, ...found })
      recovered.dropped.push(found.folder)
    }
  }
  return { ...recovered, end }
}

/**
 * The record of an attempt that did not count by the group's position, if its member enters it all the same: the
 * group was deleted between its commit and now. Once the record is taken away nobody enters it any more.
 */
async function lateEntry(
  store: Store,
  source: string,
  found: FoundAttempt
): Promise<PartRecord | null> {
  await store.remove(`${found.folder}/${RECORD}`)
  return enteredAs(store, source, found)
}

async function enteredAs(
  store: Store,
  source: string,
  { attempt, first, last }: FoundAttempt
): Promise<PartRecord | null> {
  const record = await recordAt(store, source, { first, last })
  return record?.attempt === attempt ? record : null
}

/**
 * All that can be said of a partition that is not read: what the ledger holds has counted, and belongs into its
 * place. What else lies staged stays: it may be all that is left of these packets.
 */
export async function placeEntered(
  store: Store,
  source: string,
  attempts: readonly FoundAttempt[]
): Promise<void> {
  for (const found of attempts) {
    const record = await enteredAs(store, source, found)
    if (record) await placeFiles(store, record, found.folder, () => {})
  }
}

/** The record of an attempt that counted, null for one that did not. */
async function committed(
  store: Store,
  source: string,
  found: FoundAttempt,
  end: number | null,
  position: number | null
): Promise<PartRecord | null> {
  const { folder, first, last, hasRecord } = found
  const before = await enteredAs(store, source, found)
  if (before || !hasRecord) return before
  if (position === null || last >= position || first < (end ?? 0)) return null
  const record = await readJson<PartRecord>(store, `${folder}/${RECORD}`)
  if (!record) return enteredAs(store, source, found) // another recovers the same, and has moved it meanwhile
  return end === null && !record.stream?.begins ? null : record
}
