import { once } from 'node:events'
import { Batcher } from './batcher.ts'
import { Bounds } from './bounds.ts'
import { CommittedReader } from './committed-reader.ts'
import { Committer } from './committer.ts'
import { commitBatches } from './conveyor.ts'
import type { Group, Lease } from './group.ts'
import { isFenced } from './kafka.ts'
import { measureLag } from './lag.ts'
import type { Equipment } from './member.ts'
import { takeOver } from './positions.ts'
import type { Start } from './positions.ts'
import { UnsureError } from './publish.ts'

/** What a fetch brings: more would be in memory several times over. */
const FETCH_BYTES = 8 * 1024 * 1024

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
    const { starts, anew } = await takeOver(admin, group, lease, store, options.settings)
    report(equipment, starts, anew)
    if (lease.ended.aborted) return
    if (starts.length === 0) await waitIdly(equipment, until)
    else await readOn(equipment, group, lease, starts, until)
  } catch (error) {
    // whose transaction may still be open must make room for a successor, who ends it
    if (error instanceof UnsureError || (!lease.ended.aborted && !isFenced(error))) throw error
    // the partitions are another's by now: what went wrong with them is no matter
  }
}

function report({ options }: Equipment, starts: readonly Start[], anew: readonly string[]): void {
  for (const source of anew) {
    const message = `${source} ends before what was taken in of it: its topic was made anew, and is left alone. Give new topics a new name, or take them into another lake with another --group`
    options.send({ kind: 'log', level: 'error', message })
  }
  const elsewhere = starts.filter(({ isElsewhere }) => isElsewhere)
  if (elsewhere.length > 0) {
    const { group, lake } = options.settings
    const places = elsewhere.map(({ source, offset }) => `${source} ${offset}`).join(', ')
    const message = `the lake ${lake} holds nothing of what group ${group} read before: it begins at ${places}. For all of it, begin with another --group`
    options.send({ kind: 'log', level: 'warn', message })
  }
  const finished = starts.flatMap(({ settled }) => settled.finished)
  const dropped = starts.flatMap(({ settled }) => settled.dropped)
  if (finished.length > 0) options.send({ kind: 'committed', records: finished, batch: null })
  if (finished.length + dropped.length === 0) return
  const message = `a member was cut off: ${finished.length} commits finished, ${dropped.length} unfinished parts removed`
  options.send({ kind: 'log', level: 'info', message })
}

/** There are more members than partitions. */
async function waitIdly({ state }: Equipment, until: AbortSignal): Promise<void> {
  state.knowsLag = true
  if (!until.aborted) await once(until, 'abort')
  state.knowsLag = false
}

async function readOn(
  equipment: Equipment,
  group: Group,
  lease: Lease,
  starts: readonly Start[],
  until: AbortSignal
): Promise<void> {
  const { options } = equipment
  const { settings } = options
  const bounds = await Bounds.read(
    equipment.store,
    starts.map(({ source }) => source)
  )
  const { kafka, trigger } = settings
  const topics = [...new Set(starts.map(({ topic }) => topic))]
  const reader = new CommittedReader(kafka, `${options.name}-reader`, topics, {
    fetch: FETCH_BYTES,
    partition: FETCH_BYTES,
    run: 0.8 * trigger.bytes // one run, one part
  })
  const closing = new AbortController()
  const batcher = new Batcher(trigger, starts, lease.generation, bounds, (source, from, to) => {
    const message = `${source}: Kafka deleted offsets ${from} to ${to} before they were read; let it keep messages longer`
    options.send({ kind: 'log', level: 'error', message })
  })
  const filling = batcher.fill(reader.read(starts, closing.signal))
  const lag = measureLag(equipment, starts, batcher)
  const { admin, store, publisher } = equipment
  const groupId = settings.group
  const committer = new Committer({ store, admin, groupId, group, publisher, lease, bounds })
  try {
    await commitBatches(equipment, committer, batcher, lag, until)
  } finally {
    lag.stop()
    closing.abort()
    batcher.close()
    await reader.close().catch(() => {})
    await filling
  }
}
