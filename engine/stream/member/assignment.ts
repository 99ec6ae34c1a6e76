import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { forgetAside, isTriedAgain, noteAside, readAside } from '../common/aside.ts'
import { Batcher } from './batcher.ts'
import { Bounds } from '../common/bounds.ts'
import { CommittedReader } from '../../kafka/committed-reader.ts'
import { Committer } from './committer.ts'
import { commitBatches } from './in-flight.ts'
import { FencedError, kafkaCoordination, UnsureError } from '../commit/coordination.ts'
import type { Coordination } from '../commit/coordination.ts'
import { crashPoint } from './crash.ts'
import type { ConsumerGroup, Assignment } from '../../kafka/group.ts'
import { isFenced } from '../../kafka/client.ts'
import { measureLag } from './lag.ts'
import type { Context } from './member.ts'
import type { LogLevel } from '../common/messages.ts'
import { LONGEST_SOURCE, sourceOf } from '../../kafka/partition.ts'
import { takeOver } from '../commit/takeover.ts'
import type { Aside } from '../common/aside.ts'
import type { PartitionStart } from '../commit/takeover.ts'

/** What a fetch brings: more would be in memory several times over. */
const FETCH_BYTES = 8 * 1024 * 1024

/** Kafka may know that a assignment is over before the client has heard of it. */
const HEAR_MS = 1000

/** What could not be brought into the lake is tried again after so long: its cause may be mended. */
export const TRY_AGAIN_MS = 900_000

/** Works on the partitions of a assignment until it ends, or `over` says that it is enough. */
export async function workAssignment(
  context: Context,
  group: ConsumerGroup,
  assignment: Assignment,
  over: AbortSignal
): Promise<void> {
  const { admin, store, publisher, options, owned, state } = context
  const { group: groupId, from } = options.settings
  const until = AbortSignal.any([assignment.ended, over])
  const { kafka: access, output } = options.settings
  const onLook = (what: string | null) => void (state.waitsFor = what)
  const topics = { access, name: options.name, prefix: output.prefix, onLook }
  const coordination = kafkaCoordination({ admin, group, publisher, groupId, topics })
  try {
    const { mine, aside } = await sortOut(context, assignment)
    const taken = await takeOver(coordination, mine, store, { from, ...owned })
    await tellAside(context, [...aside, ...taken.aside], taken.starts)
    report(context, taken.starts)
    if (assignment.ended.aborted) return
    context.maker.take(taken.starts.map(({ source }) => source))
    if (taken.starts.length === 0) await waitIdly(context, until)
    else await readOn(context, coordination, assignment, taken.starts, until)
  } catch (error) {
    if (error instanceof UnsureError) throw error // also of a takeover: its transaction may still be open
    if (!(error instanceof FencedError) && !assignment.ended.aborted && !isFenced(error))
      throw error
    // the partitions are another's by now: what went wrong with them is no matter
    await delay(HEAR_MS, null, { signal: until }).catch(() => {})
  }
}

const LEADERLESS =
  'it has no leader, its brokers or their disks are down: it is read on once they are back'

/** Leaves out what is not ours to read, and what cannot be brought into the lake. */
async function sortOut(
  { store, owned, leaderless }: Context,
  assignment: Assignment
): Promise<{ mine: Assignment; aside: Aside[] }> {
  const sources = assignment.partitions.map(sourceOf)
  const bounds = await Bounds.read(store, sources)
  const notes = await readAside(store)
  const aside: Aside[] = []
  const partitions = assignment.partitions.filter((partition) => {
    const source = sourceOf(partition)
    const refusal = owned.refused.get(partition.topic)
    const hopeless = bounds.hopeless(source)
    const note = notes.get(source)
    const isFresh = note && Date.now() - Date.parse(note.since) < TRY_AGAIN_MS
    if (source.length > LONGEST_SOURCE) {
      const detail = `its topic's name is too long for the names of files: with the number of the partition ${LONGEST_SOURCE} characters are possible, it has ${source.length}; give it a shorter name`
      aside.push({ ...partition, source, reason: 'unwritable', detail })
    } else if (refusal !== undefined) {
      aside.push({ ...partition, source, reason: 'not-ours', detail: refusal })
    } else if (hopeless !== null && (isFresh || note?.reason !== 'unwritable')) {
      aside.push({ ...partition, source, reason: 'unwritable', detail: hopeless })
    } else if (leaderless.has(source)) {
      aside.push({ ...partition, source, reason: 'unanswered', detail: LEADERLESS })
    } else return true
    return false
  })
  return { mine: { ...assignment, partitions }, aside }
}

/** Says which partitions are not read, in the log, the metrics and the lake; and forgets those that are again. */
async function tellAside(
  { options, store, state }: Context,
  aside: readonly Aside[],
  starts: readonly PartitionStart[]
): Promise<void> {
  for (const { source, reason, detail } of aside) {
    const message = `${source} is left alone, the others go on: ${detail}`
    options.send({ kind: 'log', level: 'error', message, fields: { source, reason } })
    await noteAside(store, { source, reason, detail })
  }
  const notes = await readAside(store)
  for (const { source } of starts) if (notes.has(source)) await forgetAside(store, source)
  state.triesAgain = aside.some(isTriedAgain)
  options.send({ kind: 'aside', partitions: aside })
}

function report({ options }: Context, starts: readonly PartitionStart[]): void {
  const { group, lake } = options.settings
  const log = (level: LogLevel, message: string) => options.send({ kind: 'log', level, message })
  const elsewhere = starts.filter(({ note }) => note?.kind === 'elsewhere')
  if (elsewhere.length > 0) {
    const places = elsewhere.map(({ source, offset }) => `${source} ${offset}`).join(', ')
    log(
      'warn',
      `the lake ${lake} holds nothing of what group ${group} read before: it begins at ${places}. For all of it, begin with another --group`
    )
  }
  for (const { source, offset, note } of starts) {
    if (note?.kind === 'forward') {
      const before = note.from === null ? 'has no position' : `is at ${note.from}`
      log(
        'warn',
        `${source}: group ${group} ${before}, the lake ends at ${offset}: it goes on there`
      )
    }
    if (note?.kind === 'late') {
      log(
        'warn',
        `${source} came into view after group ${group} first looked (${new Date(note.since).toISOString()}): it begins at ${offset}, what was sent more than an hour before that look is left out, as --from latest asks; for all of it, begin with another --group and --from earliest`
      )
    }
    if (note?.kind === 'gap') {
      log(
        'error',
        `${source}: group ${group} goes on at ${offset}, but offsets ${note.first} to ${note.last} are in no part: "siskin repair" refills them as long as Kafka has them`
      )
    }
  }
  const finished = starts.flatMap(({ recovered }) => recovered.finished)
  const dropped = starts.flatMap(({ recovered }) => recovered.dropped)
  if (finished.length > 0) options.send({ kind: 'committed', records: finished, batch: null })
  if (finished.length + dropped.length === 0) return
  log(
    'info',
    `a member was cut off: ${finished.length} commits finished, ${dropped.length} unfinished parts removed`
  )
}

/** There are more members than partitions. */
async function waitIdly({ state }: Context, until: AbortSignal): Promise<void> {
  state.knowsLag = true
  if (!until.aborted) await once(until, 'abort')
  state.knowsLag = false
}

async function readOn(
  context: Context,
  coordination: Coordination,
  assignment: Assignment,
  starts: readonly PartitionStart[],
  until: AbortSignal
): Promise<void> {
  const { options, store } = context
  const bounds = await Bounds.read(
    store,
    starts.map(({ source }) => source)
  )
  const { kafka, trigger } = options.settings
  const topics = [...new Set(starts.map(({ topic }) => topic))]
  const reader = new CommittedReader(kafka, `${options.name}-reader`, topics, {
    fetch: FETCH_BYTES,
    partition: FETCH_BYTES,
    run: 0.8 * trigger.bytes // one run, one part
  })
  const closing = new AbortController()
  const batcher = new Batcher(
    trigger,
    starts,
    assignment.generation,
    bounds,
    (source, from, to) => {
      const message = `${source}: Kafka deleted offsets ${from} to ${to} before they were read; let it keep messages longer`
      options.send({ kind: 'log', level: 'error', message })
    }
  )
  const filling = batcher.fill(reader.read(starts, closing.signal))
  const lag = measureLag(context, starts, batcher)
  const { die } = context
  const committer = new Committer({
    store,
    coordination,
    assignment,
    bounds,
    crash: crashPoint(),
    die
  })
  try {
    await commitBatches(context, committer, batcher, lag, until)
  } finally {
    lag.stop()
    closing.abort()
    batcher.close()
    await reader.close().catch(() => {})
    await filling
  }
}
