import { dirname } from 'node:path/posix'
import { atOnce } from '../persist/at-once.ts'
import { ledgerPath, OWN, readRecord, stagingPath } from '../persist/ledger.ts'
import type { PartRecord } from '../persist/ledger.ts'
import type { Staged, Step } from '../persist/commit.ts'
import type { Store } from '../persist/store.ts'

/** Moments of the commit of a micro-batch at which tests kill the member, in their order. */
type StreamStep = Step | 'begun' | 'sent'

export type OnStreamStep = (step: StreamStep) => void

/*
 * A part from Kafka becomes visible once, or not at all:
 *
 * 1. Its files and its record are staged, durable (`stage`).
 * 2. One Kafka transaction publishes the selected alerts and moves the group's position behind the
 *    part: the commit point (`publish.ts`).
 * 3. The record is renamed into the ledger, the files to their places (`place`).
 *
 * | a crash | leaves | the next owner of the partition (`settle`) |
 * |---|---|---|
 * | within or after 1 | staged files, the group's position before them | removes them and reads again |
 * | within 2 | the same; a transaction that Kafka aborts | waits for the abort; the same |
 * | after 2 | staged files, the position behind them | places them |
 * | within 3 | some files placed | places the others |
 *
 * The staging folder carries the generation under which the packets were fetched. A member that was
 * thought dead may still write into its own, never into that of its successor; of two attempts that
 * overlap, only the younger generation can have been committed.
 */

/** Files of a part that are written or renamed at the same time: a store far away answers slowly. */
const FILES_AT_ONCE = 8

/** Where an attempt at a part lies until it is placed. */
function attemptPath({ source, first, last, stream }: PartRecord): string {
  return `${stagingPath(source, first, last)}.${stream?.generation ?? 0}`
}

/** Step 1. */
export async function stage(
  store: Store,
  record: PartRecord,
  files: readonly Staged[],
  onStep: OnStreamStep
): Promise<void> {
  const folder = attemptPath(record)
  await store.remove(folder)
  await atOnce(files, FILES_AT_ONCE, async ({ path, pieces }) => {
    await store.write(`${folder}/${path}`, pieces)
    onStep('staging')
  })
  await store.write(`${folder}/record.json`, [Buffer.from(`${JSON.stringify(record, null, 1)}\n`)])
  onStep('staged')
}

/** Step 3. */
export async function place(store: Store, record: PartRecord, onStep: OnStreamStep): Promise<void> {
  const { source, first, last, files } = record
  const folder = attemptPath(record)
  const ledger = ledgerPath(source, first, last)
  await store.rename(`${folder}/record.json`, ledger)
  await store.settle([dirname(ledger)])
  await atOnce(files, FILES_AT_ONCE, async ({ path }) => {
    await store.rename(`${folder}/${path}`, path)
    onStep('placing')
  })
  await store.settle(new Set(files.map(({ path }) => dirname(path))))
  onStep('placed')
  await store.remove(folder)
}

/** The attempt was not committed and will not be. */
export async function drop(store: Store, record: PartRecord): Promise<void> {
  await store.remove(attemptPath(record))
}

interface Attempt {
  readonly folder: string
  readonly first: number
  readonly last: number
  readonly generation: number
  readonly files: Set<string>
}

export interface Settled {
  readonly finished: PartRecord[]
  readonly dropped: string[]
  /** First position behind all that the ledger holds; null if it holds nothing. */
  readonly end: number | null
}

/** Brings the staged attempts at a partition to their end; `position` is the group's, and stable. */
export async function settle(store: Store, source: string, position: number): Promise<Settled> {
  const settled: { finished: PartRecord[]; dropped: string[] } = { finished: [], dropped: [] }
  const taken: { first: number; last: number }[] = []
  for (const attempt of await attemptsAt(store, source)) {
    const ledger = ledgerPath(source, attempt.first, attempt.last)
    const placed = (await store.size(ledger)) === null ? null : await readRecord(store, ledger)
    const clear = taken.every(({ first, last }) => last < attempt.first || attempt.last < first)
    const own = placed ? placed.stream?.generation === attempt.generation : isWhole(attempt)
    if (attempt.last < position && own && clear && !(await overlaps(store, source, attempt))) {
      const record = placed ?? (await readRecord(store, `${attempt.folder}/record.json`))
      await finish(store, record, attempt, ledger)
      settled.finished.push(record)
      taken.push(attempt)
    } else {
      settled.dropped.push(attempt.folder)
    }
    await store.remove(attempt.folder)
  }
  const spans = await spansOf(store, source)
  const end = spans.length === 0 ? null : Math.max(...spans.map(({ last }) => last)) + 1
  return { ...settled, end }
}

function isWhole({ files }: Attempt): boolean {
  return files.has('record.json')
}

/** The youngest first. */
async function attemptsAt(store: Store, source: string): Promise<Attempt[]> {
  const root = `${OWN}/staging/${source}`
  const attempts = new Map<string, Attempt>()
  for (const { path } of await store.list(root)) {
    const match = /^((\d+)-(\d+)\.(\d+))\/(.+)$/.exec(path.slice(root.length + 1))
    if (!match) continue
    const [, name = '', first, last, generation, file = ''] = match
    const attempt = attempts.get(name) ?? {
      folder: `${root}/${name}`,
      first: Number(first),
      last: Number(last),
      generation: Number(generation),
      files: new Set<string>()
    }
    attempt.files.add(file)
    attempts.set(name, attempt)
  }
  return [...attempts.values()].sort((a, b) => b.generation - a.generation)
}

async function spansOf(store: Store, source: string): Promise<{ first: number; last: number }[]> {
  const files = await store.list(`${OWN}/ledger/${source}`)
  return files.flatMap(({ path }) => {
    const match = /(\d+)-(\d+)\.json$/.exec(path)
    return match ? [{ first: Number(match[1]), last: Number(match[2]) }] : []
  })
}

/** True if the ledger holds another range of these positions: then this attempt never counted. */
async function overlaps(store: Store, source: string, { first, last }: Attempt): Promise<boolean> {
  const spans = await spansOf(store, source)
  return spans.some(
    (span) =>
      span.last >= first && span.first <= last && !(span.first === first && span.last === last)
  )
}

async function finish(
  store: Store,
  record: PartRecord,
  { folder, files }: Attempt,
  ledger: string
): Promise<void> {
  if (files.has('record.json')) await store.rename(`${folder}/record.json`, ledger)
  await store.settle([dirname(ledger)])
  const waiting = record.files.filter(({ path }) => files.has(path))
  await atOnce(waiting, FILES_AT_ONCE, ({ path }) => store.rename(`${folder}/${path}`, path))
  await store.settle(new Set(waiting.map(({ path }) => dirname(path))))
}
