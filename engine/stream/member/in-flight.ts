import { OutageError } from '../../errors.ts'
import { drop } from '../../lake/two-phase-commit.ts'
import { partName } from '../../lake/ledger.ts'
import type { Store } from '../../store/store.ts'
import { batchAccount, Stopwatch } from './batch-account.ts'
import type { Waits } from './batch-account.ts'
import type { Batcher, MicroBatch } from './batcher.ts'
import type { Committer } from './committer.ts'
import type { LagMeter } from './lag.ts'
import type { Maker } from './maker.ts'
import type { MemberOptions } from './member.ts'
import { PartError } from './part-error.ts'
import { refusalOf } from '../../kafka/refusals.ts'
import type { StagedPart } from './worker.ts'

/** What the conveyor needs of its member. */
export interface Line {
  readonly options: Pick<MemberOptions, 'send'>
  readonly store: Store
  readonly maker: Pick<Maker, 'make' | 'committed' | 'dropped' | 'giveUp'>
}

/** Micro-batches that are made, staged or committed at the same time; they are committed in order. */
const IN_WORK = 3

/**
 * Takes micro-batches until `until` says that it is enough, or one of them cannot be committed.
 * While one is committed the next is staged and the one after it made. When one fails, none behind it
 * is committed. @throws what the first failed of; not for a batch that is another member's by now.
 */
export async function commitBatches(
  { options, store, maker }: Line,
  committer: Committer,
  batcher: Pick<Batcher, 'next' | 'reuse'>,
  lag: Pick<LagMeter, 'committed'>,
  until: AbortSignal
): Promise<void> {
  const broken = new AbortController()
  const signal = AbortSignal.any([until, broken.signal])
  const inWork = new Set<Promise<void>>()
  let failure: { readonly error: unknown } | null = null

  const commit = async (
    batch: MicroBatch,
    parts: readonly StagedPart[],
    waits: Waits
  ): Promise<boolean> => {
    const landed = await committer.commit(parts)
    if (landed === 'apart')
      return eachAlone(parts, (own) => commit(ofPart(batch, own), [own], waits))
    if (landed === 'void') {
      options.send({ kind: 'void', parts: parts.map(({ record }) => record.part) })
      return false
    }
    const records = parts.map(({ record }) => record)
    for (const { source, first, last } of records) maker.committed(partName(source, first, last))
    lag.committed(records)
    options.send({ kind: 'committed', records, batch: batchAccount(batch, parts, waits, landed) })
    return true
  }

  /** True when it is committed. */
  const land = async (batch: MicroBatch, before: Promise<boolean>, wait: number) => {
    try {
      const parts = await makeAll(maker, store, batch).finally(() => batcher.reuse(batch))
      const timer = new Stopwatch()
      if ((await before) && (await commit(batch, parts, { wait, turn: timer.lap() }))) return true
      await dropAll(store, parts)
    } catch (error) {
      if (!(until.aborted && error instanceof OutageError)) failure ??= { error }
    }
    broken.abort()
    return false
  }

  const giveUp = () => maker.giveUp()
  until.addEventListener('abort', giveUp, { once: true })
  try {
    const timer = new Stopwatch()
    let before = Promise.resolve(true)
    for (let batch = await batcher.next(signal); batch; batch = await batcher.next(signal)) {
      before = land(batch, before, timer.lap())
      const own: Promise<void> = before.then(() => void inWork.delete(own))
      inWork.add(own)
      while (inWork.size >= IN_WORK) await Promise.race(inWork)
      timer.lap()
    }
  } catch (error) {
    failure ??= { error }
  }
  await Promise.all(inWork)
  until.removeEventListener('abort', giveUp)
  maker.dropped()
  if (failure) throw failure.error
}

/** All parts of a micro-batch, staged; none is left behind if one cannot be made. */
async function makeAll(
  maker: Line['maker'],
  store: Store,
  batch: MicroBatch
): Promise<StagedPart[]> {
  const made = await Promise.allSettled(batch.map(({ fetched }) => maker.make(fetched)))
  const parts = made.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const failed = made.find((one) => one.status === 'rejected')
  if (!failed) return parts
  await dropAll(store, parts)
  throw failed.reason
}

async function dropAll(store: Store, parts: readonly StagedPart[]): Promise<void> {
  for (const { record } of parts) await drop(store, record)
}

function ofPart(batch: MicroBatch, { record }: StagedPart): MicroBatch {
  return batch.filter(({ fetched }) => fetched.source === record.source)
}

/**
 * Commits parts one by one: those that Kafka takes land, those that it refuses are named, and none stops those behind it.
 * @throws PartError with all that were refused; else what damaged others on their way.
 */
async function eachAlone(
  parts: readonly StagedPart[],
  commit: (part: StagedPart) => Promise<boolean>
): Promise<boolean> {
  const refused: PartError[] = []
  const damaged: unknown[] = []
  for (const part of parts) {
    try {
      if (!(await commit(part))) return false
    } catch (error) {
      if (error instanceof PartError) refused.push(error)
      else if (refusalOf(error)?.kind === 'way') damaged.push(error)
      else throw error
    }
  }
  const [first] = refused
  if (!first && damaged.length > 0) throw damaged[0]
  if (!first) return true
  const ranges = refused.flatMap((error) => error.ranges)
  throw new PartError(first.message, ranges, { cause: first })
}
