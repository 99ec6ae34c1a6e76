import { once } from 'node:events'
import { partName } from '../persist/ledger.ts'
import type { Store } from '../persist/store.ts'
import { Batcher } from './batcher.ts'
import type { MicroBatch } from './batcher.ts'
import { Bounds } from './bounds.ts'
import { Committer } from './committer.ts'
import type { Group, Lease } from './group.ts'
import { drop } from './landing.ts'
import { isFenced } from './kafka.ts'
import { measureLag } from './lag.ts'
import type { LagMeter } from './lag.ts'
import type { Maker } from './maker.ts'
import type { Equipment } from './member.ts'
import { takeOver } from './positions.ts'
import type { Start } from './positions.ts'
import type { StagedPart } from './worker.ts'

/** Most bytes that a fetch brings: what a member holds in memory beyond its micro-batches. */
const FETCH_BYTES = 16 * 1024 * 1024
const FETCH_WAIT_MS = 500

/** Works on the partitions of a lease until it ends, or `over` says that it is enough. */
export async function workLease(
  equipment: Equipment,
  group: Group,
  lease: Lease,
  over: AbortSignal
): Promise<void> {
  const { admin, store, options } = equipment
  const until = AbortSignal.any([lease.ended, over])
  try {
    const starts = await takeOver(admin, group, lease, store, options.settings)
    report(equipment, starts)
    if (lease.ended.aborted) return
    if (starts.length === 0) await once(until, 'abort')
    else await readOn(equipment, group, lease, starts, until)
  } catch (error) {
    if (!lease.ended.aborted && !isFenced(error)) throw error
    // the partitions are another's by now: what went wrong with them is no matter
  }
}

function report({ options }: Equipment, starts: readonly Start[]): void {
  const finished = starts.flatMap(({ settled }) => settled.finished)
  const dropped = starts.flatMap(({ settled }) => settled.dropped)
  if (finished.length > 0) options.send({ kind: 'committed', records: finished, seconds: 0 })
  if (finished.length + dropped.length === 0) return
  const message = `a member was cut off: ${finished.length} commits finished, ${dropped.length} unfinished parts removed`
  options.send({ kind: 'log', level: 'info', message })
}

async function readOn(
  equipment: Equipment,
  group: Group,
  lease: Lease,
  starts: readonly Start[],
  until: AbortSignal
): Promise<void> {
  const { settings } = equipment.options
  const bounds = await Bounds.read(
    equipment.store,
    starts.map(({ source }) => source)
  )
  const stream = await group.consumer.consume({
    topics: [...new Set(starts.map(({ topic }) => topic))],
    mode: 'manual',
    fallbackMode: 'fail',
    offsets: starts.map(({ topic, partition, offset }) => ({
      topic,
      partition,
      offset: BigInt(offset)
    })),
    autocommit: false,
    maxBytes: FETCH_BYTES,
    maxWaitTime: FETCH_WAIT_MS
  })
  const batcher = new Batcher(stream, settings.trigger, starts, lease.generation, bounds)
  const lag = measureLag(equipment, starts, batcher)
  try {
    await commitBatches(equipment, group, lease, bounds, batcher, lag, until)
  } finally {
    lag.stop()
    await stream.close().catch(() => {})
  }
}

/** While a micro-batch is being committed the next one is made, but no further one. */
async function commitBatches(
  { options, store, admin, maker, publisher }: Equipment,
  group: Group,
  lease: Lease,
  bounds: Bounds,
  batcher: Batcher,
  lag: LagMeter,
  until: AbortSignal
): Promise<void> {
  const groupId = options.settings.group
  const committer = new Committer({ store, admin, groupId, group, publisher, lease, bounds })
  let committing: Promise<boolean> = Promise.resolve(true)

  const commit = async (batch: MicroBatch, parts: readonly StagedPart[]): Promise<boolean> => {
    const started = performance.now()
    if ((await committer.commit(batch, parts)) === 'void') return false
    const records = parts.map(({ record }) => record)
    for (const { source, first, last } of records) maker.committed(partName(source, first, last))
    lag.committed(records)
    const seconds = (performance.now() - started) / 1000
    options.send({ kind: 'committed', records, seconds })
    return true
  }

  try {
    for (let batch = await batcher.next(until); batch; batch = await batcher.next(until)) {
      const parts = await makeAll(maker, store, batch)
      const before = await Promise.allSettled([committing])
      if (before[0].status === 'rejected' || !before[0].value) {
        await dropAll(store, parts)
        break
      }
      committing = commit(batch, parts)
      committing.catch(() => {}) // heard of when it is waited for
    }
    await committing
  } finally {
    await committing.catch(() => {})
    maker.dropped()
  }
}

/** All parts of a micro-batch, staged; none is left behind if one cannot be made. */
async function makeAll(maker: Maker, store: Store, batch: MicroBatch): Promise<StagedPart[]> {
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
