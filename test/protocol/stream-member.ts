import { stage } from '../../engine/lake/two-phase-commit.ts'
import type { PartRecord } from '../../engine/lake/ledger.ts'
import type { Store } from '../../engine/store/store.ts'
import { forgetAside, noteAside, readAside } from '../../engine/stream/common/aside.ts'
import type { MicroBatch } from '../../engine/stream/member/batcher.ts'
import { Bounds } from '../../engine/stream/common/bounds.ts'
import { Committer } from '../../engine/stream/member/committer.ts'
import { commitBatches } from '../../engine/stream/member/in-flight.ts'
import type { Line } from '../../engine/stream/member/in-flight.ts'
import { FencedError, UnsureError } from '../../engine/stream/commit/coordination.ts'
import type { Coordination } from '../../engine/stream/commit/coordination.ts'
import type { Assignment } from '../../engine/kafka/group.ts'
import { attemptName } from '../../engine/stream/commit/recovery.ts'
import type { Fetched } from '../../engine/stream/member/range.ts'
import { takeOver } from '../../engine/stream/commit/takeover.ts'
import type { PartitionStart } from '../../engine/stream/commit/takeover.ts'
import type { StagedPart } from '../../engine/stream/member/worker.ts'
import type { MemoryBroker } from './memory-broker.ts'
import type { GroupMember } from './memory-group.ts'
import { recordOf, selectedOf } from './parts.ts'
import type { Scheduler } from './scheduler.ts'

/** What the process of a member has. */
export interface MemberContext {
  readonly scheduler: Scheduler
  readonly broker: MemoryBroker
  readonly store: Store
  readonly coordination: Coordination
  readonly membership: GroupMember
  /** Of the process: no two that ever live have the same. */
  readonly name: string
  readonly topicIds: ReadonlyMap<string, string>
  /** Ends the process at once. Never resolves. */
  readonly die: (reason: Error, records: readonly PartRecord[]) => Promise<never>
}

const MOST_IN_A_PORTION = 3
const noCrash = { begin: () => {}, at: () => {} }

/** A member as `member.ts` and `assignment.ts` run it, of which the parts that need real servers are left out. */
export async function streamMember(context: MemberContext): Promise<void> {
  const maker = makerOf(context)
  for (;;) {
    const assignment = await context.membership.assignment()
    try {
      await workAssignment(context, assignment, maker)
    } catch (error) {
      if (error instanceof FencedError) continue
      if (error instanceof UnsureError) return context.die(error, [])
      if (!assignment.ended.aborted) return context.die(error as Error, [])
    }
  }
}

async function workAssignment(
  context: MemberContext,
  assignment: Assignment,
  maker: Line['maker']
): Promise<void> {
  const { coordination, store, topicIds } = context
  const taken = await takeOver(coordination, assignment, store, {
    from: 'earliest',
    topicIds,
    looked: { since: 0, partitions: new Map() }
  })
  for (const aside of taken.aside) await noteAside(store, aside)
  const notes = await readAside(store)
  for (const { source } of taken.starts) if (notes.has(source)) await forgetAside(store, source)
  if (assignment.ended.aborted) return
  if (taken.starts.length === 0) return abortOf(assignment.ended)
  const sources = taken.starts.map(({ source }) => source)
  const bounds = await Bounds.read(store, sources)
  const { die } = context
  const committer = new Committer({ store, coordination, assignment, bounds, crash: noCrash, die })
  const line = { options: { send: () => {} }, store, maker }
  const batcher = batcherOf(context, assignment, taken.starts, bounds)
  await commitBatches(line, committer, batcher, { committed: () => {} }, assignment.ended)
}

function abortOf(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

function makerOf({ store, name }: MemberContext): Line['maker'] {
  let attempts = 0
  return {
    async make({ source, first, last, begins, generation }: Fetched): Promise<StagedPart> {
      const span = { source, first, last }
      const attempt = attemptName(generation, name, attempts++)
      const { record, files } = recordOf(span, attempt)
      const messages = selectedOf(span)
      const account = { messages: last - first + 1, missing: 0, lost: 0, generation, fink: false }
      const own = { ...record, stream: { ...account, begins } }
      await stage(store, own, files, () => {})
      return { record: own, messages, stageSeconds: 0 }
    },
    committed() {},
    giveUp() {},
    dropped() {}
  }
}

/** Cuts what there is of the partitions, by chance, up to where the bounds allow. */
function batcherOf(
  { scheduler, broker, membership, topicIds }: MemberContext,
  { generation }: Assignment,
  starts: readonly PartitionStart[],
  bounds: Bounds
) {
  const reading = new Map(starts.map((start) => [start.source, start]))
  const cut = (): MicroBatch => {
    const whole = [...reading.values()].flatMap(({ topic, partition, source, offset, begins }) => {
      const own = broker.topics.get(topic)
      const end = own && own.id === topicIds.get(topic) ? own.ends[partition]! : 0
      if (offset >= end) return []
      const most = Math.min(end - 1, bounds.lastOf(source, offset))
      const last = Math.min(most, offset + scheduler.dice.below(MOST_IN_A_PORTION))
      return [{ topic, partition, ...fetched(source, offset, last, begins, generation) }]
    })
    const some = whole.length > 1 && scheduler.dice.chance(0.5) ? whole.slice(1) : whole
    for (const { fetched: own } of some) {
      const before = reading.get(own.source)!
      reading.set(own.source, { ...before, offset: own.last + 1, begins: false })
    }
    return some
  }
  return {
    async next(signal: AbortSignal): Promise<MicroBatch | null> {
      const batch = await scheduler.call(membership.actor, 'fetch', cut)
      if (batch.length === 0) await abortOf(signal)
      return signal.aborted ? null : batch
    },
    reuse() {}
  }
}

const none = {
  bytes: new SharedArrayBuffer(0),
  offsets: new Float64Array(),
  sizes: new Uint32Array()
}

function fetched(
  source: string,
  first: number,
  last: number,
  begins: boolean,
  generation: number
): { fetched: Fetched; times: Float64Array } {
  const own = { source, first, last, begins, generation, ...none, length: 0, lost: 0, poison: null }
  return { fetched: own, times: new Float64Array() }
}
