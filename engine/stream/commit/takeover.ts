import type { Store } from '../../store/store.ts'
import type { Aside } from '../common/aside.ts'
import type { Coordination } from './coordination.ts'
import { askEach, orFault } from './fault.ts'
import type { Fault } from './fault.ts'
import { isYounger } from '../claims/first-look.ts'
import type { Looked } from '../claims/first-look.ts'
import type { Assignment } from '../../kafka/group.ts'
import { placeEntered, recoverPartition } from './recovery.ts'
import type { RecoveredPartition } from './recovery.ts'
import { endsOf, isFound, keepSame, lookAt } from './look.ts'
import type { Found, OnFault } from './look.ts'
import { CLOCKS_MS } from '../../kafka/offsets.ts'
import { sourceOf } from '../../kafka/partition.ts'
import type { Partition } from '../../kafka/partition.ts'
import type { From } from '../../kafka/settings.ts'

/** Where a partition is read on. */
export interface PartitionStart extends Partition {
  readonly source: string
  readonly offset: number
  /** The lake holds nothing of it yet. */
  readonly begins: boolean
  /** What is to be said of where it begins. */
  readonly note: StartNote | null
  readonly recovered: RecoveredPartition
}

type StartNote =
  /** The group read it before, from where it could: what it read then is not in this lake. */
  | { readonly kind: 'elsewhere' }
  /** It came into view after the group first looked; what was sent before is left out. */
  | { readonly kind: 'late'; readonly since: number }
  /** The group had no position, or one before the lake's end: it goes on where the lake ends. */
  | { readonly kind: 'forward'; readonly from: number | null }
  /** The group is at its position, the lake ends before it: what lies between is in no part. */
  | { readonly kind: 'gap'; readonly first: number; readonly last: number }

export interface TakenOver {
  readonly starts: readonly PartitionStart[]
  readonly aside: readonly Aside[]
}

export interface TakeoverSettings {
  /** Where a partition begins that nobody read yet. */
  readonly from: From
  /** The topics' own ids, as the lake knows them. */
  readonly topicIds: ReadonlyMap<string, string>
  /** What there was when the group first looked. */
  readonly looked: Looked
}

/**
 * Takes partitions over: recovers what their former owners left staged, and says where to read on.
 *
 * The order is what makes it safe, however slow it is and whoever overtakes it: positions, then the
 * attempts, then a commit of the positions as they are, which Kafka takes only from the generation that has
 * the partitions; only then anything is touched (see `landing.ts`). Its cost does not depend on how much the
 * lake holds. A partition that cannot be taken over stands aside, and the others go on without it.
 * @throws FencedError when the assignment ended meanwhile: nothing was touched.
 */
export async function takeOver(
  coordination: Coordination,
  assignment: Assignment,
  store: Store,
  settings: TakeoverSettings
): Promise<TakenOver> {
  const { partitions } = assignment
  if (partitions.length === 0) return { starts: [], aside: [] }
  const faults = new Map<string, Fault>()
  const onFault = (source: string, fault: Fault) => void faults.set(source, fault)
  const { all, staged } = await lookAt(coordination, assignment, store, settings.topicIds, onFault)
  const sound = await keepSame(coordination, all.filter(isFound), onFault)
  const odd = [...all, ...sound].filter(isAside)
  const keep = await confirm(coordination, assignment, settings, sound.filter(isFound), onFault)
  const { generation } = assignment
  const settling = keep.map((one) =>
    orFault(
      one,
      async (): Promise<PartitionStart> => {
        const { source, position, attempts, published } = one
        const recovered = await recoverPartition(
          store,
          source,
          { position, generation, published },
          attempts
        )
        return startOf(one, recovered, settings)
      },
      (fault) => onFault(one.source, fault)
    )
  )
  const starts = (await Promise.all(settling)).filter((start) => start !== null)
  if (starts.length === 0 && odd.length === 0) throwShared(partitions, faults)
  const faulty = partitions.flatMap((one) => asideFor(one, faults.get(sourceOf(one))))
  const aside = [...odd, ...faulty]
  for (const one of aside) {
    const place = () => placeEntered(store, one.source, staged.get(one.source) ?? [])
    await orFault(one, place, () => {}) // it stands aside for that already
  }
  return { starts, aside }
}

function isAside(one: Found | Aside): one is Aside {
  return !isFound(one)
}

function asideFor({ topic, partition }: Partition, fault: Fault | undefined): Aside[] {
  if (!fault) return []
  const { reason, detail } = fault
  return [{ topic, partition, source: sourceOf({ topic, partition }), reason, detail }]
}

/** What is wrong with all partitions is none's own: who waits for it says so. */
function throwShared(partitions: readonly Partition[], faults: ReadonlyMap<string, Fault>): void {
  const all = partitions.map((one) => faults.get(sourceOf(one)))
  const [first] = all
  if (first && all.every((fault) => fault?.isShared)) throw first.error
}

type Kept = Found & {
  readonly next: number
  /** It came into view after the group first looked, and begins there: see `beginningsOf`. */
  readonly late: boolean
}

/** A producer has one at a time. */
const ONE_TRANSACTION = 1

/** Commits the positions as they are, or where they are to be: those of whom that is refused are not kept. */
async function confirm(
  coordination: Coordination,
  assignment: Assignment,
  settings: TakeoverSettings,
  found: readonly Found[],
  onFault: OnFault
): Promise<Kept[]> {
  const fresh = found.filter(isFresh)
  const ask = (own: readonly Found[]) => beginningsOf(coordination, own, settings)
  const firsts = await askEach(fresh, ask, onFault)
  const keep = found.flatMap((one): Kept[] => {
    const first = isFresh(one) ? firsts.get(one.source) : 0
    if (first === undefined) return []
    const begun = isFresh(one) ? begunAt(one) : null
    const late = isFresh(one) && isLate(one, settings) && begun === null && first > one.span.first
    return [{ ...one, late, next: nextOf(one, Math.min(first, begun ?? first)) }]
  })
  const commit = async (own: readonly Kept[]) => {
    await coordination.commit(assignment, [], own, () => {})
    return new Map(own.map((one) => [one.source, one]))
  }
  return [...(await askEach(keep, commit, onFault, ONE_TRANSACTION)).values()]
}

/** Nobody knows where it was, if it was read at all. */
function isFresh({ position, end, published }: Found): boolean {
  return position === null && end === null && published.size === 0
}

/**
 * Where a member began that staged its first part, though the group has forgotten it and the part left no trace in the topics: it may
 * have counted, and begins there again, whatever "latest" is by now.
 */
function begunAt({ attempts }: Found): number | null {
  return attempts.length > 0 ? Math.min(...attempts.map(({ first }) => first)) : null
}

function nextOf({ position, end, attempts, published }: Found, first: number): number {
  return Math.max(position ?? first, end ?? 0, ...endsOf(attempts, published))
}

/**
 * "Latest" is meant of what there was when the stream began. What came into view later, because it was made later or our user may see it
 * only now, begins with what was sent since the group first looked: all of it where it is younger. An hour more is taken, as clocks differ.
 */
async function beginningsOf(
  coordination: Coordination,
  fresh: readonly Partition[],
  settings: TakeoverSettings
): Promise<ReadonlyMap<string, number>> {
  const { from, looked } = settings
  const asked = fresh.filter((one) => !isLate(one, settings))
  const late = fresh.filter((one) => isLate(one, settings))
  const firsts = asked.length > 0 ? await coordination.begin(asked, from) : []
  const since = looked.since - CLOCKS_MS
  const beginnings = late.length > 0 ? await coordination.begin(late, since) : []
  return new Map([...firsts, ...beginnings])
}

function isLate(one: Partition, { from, looked }: TakeoverSettings): boolean {
  return from === 'latest' && isYounger(one, looked)
}

function startOf(
  { topic, partition, source, position, next, span, late }: Kept,
  recovered: RecoveredPartition,
  { from, looked }: TakeoverSettings
): PartitionStart {
  const { end } = recovered
  const offset = Math.max(next, end ?? 0)
  const start = { topic, partition, source, offset, begins: end === null, recovered }
  if (end === null && late) return { ...start, note: { kind: 'late', since: looked.since } }
  if (end === null) {
    const isElsewhere = position !== null && from === 'earliest' && next > span.first
    return { ...start, note: isElsewhere ? { kind: 'elsewhere' } : null }
  }
  if (position === null || end > position) {
    return { ...start, note: { kind: 'forward', from: position } }
  }
  return { ...start, note: end < next ? { kind: 'gap', first: end, last: next - 1 } : null }
}
