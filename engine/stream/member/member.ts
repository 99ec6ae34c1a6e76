import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Admin } from '@platformatic/kafka'
import type { Plan } from '../../enrich/plan.ts'
import { keepColumns } from '../../lake/kept-columns.ts'
import { watchedOf } from '../../making/watched.ts'
import { openStore } from '../../store/open-store.ts'
import { lakeIdentity } from '../../lake/owners.ts'
import type { Store } from '../../store/store.ts'
import { messageFormat } from '../../publish/message.ts'
import { FinkClaims } from '../claims/claim-fink.ts'
import type { CommitterOptions } from './committer.ts'
import { ConsumerGroup } from '../../kafka/group.ts'
import { openAdmin } from '../../kafka/client.ts'
import { TRY_AGAIN_MS, workAssignment } from './assignment.ts'
import { Maker } from './maker.ts'
import type { FromStreamMember, PartitionLag, WorkingRange } from '../common/messages.ts'
import { claimInput } from '../claims/claim-input.ts'
import type { OwnedTopics } from '../claims/claim-input.ts'
import { Publisher } from '../commit/publisher.ts'
import { openFraming } from '../commit/schema.ts'
import type { StreamSettings } from '../common/settings.ts'
import { isUnknownTopic, unknownTopic } from '../../kafka/refusals.ts'
import { limitOf } from '../../kafka/topics.ts'
import { findTopics, makeTopics, outputTopics, ownTopics, sameTopics } from '../common/topics.ts'
import type { FoundTopics } from '../common/topics.ts'

export interface MemberOptions {
  /** Unique among all members that live, and the same for its successor, who thereby fences it. */
  readonly name: string
  readonly settings: StreamSettings
  readonly plan: Plan
  /** The program of the pipeline's thread. */
  readonly workerProgram: URL
  readonly stop: AbortSignal
  readonly send: (message: FromStreamMember) => void
  /** The pipeline's thread died; so does the member, and its successor begins again. */
  readonly onDeath: (reason: string) => void
  /** Ends the process at once: of these ranges nobody here can say if they counted. */
  readonly die: (reason: string, ranges: readonly WorkingRange[]) => void
}

/** What a member has as long as it lives. */
export interface Context {
  readonly options: MemberOptions
  readonly store: Store
  readonly admin: Admin
  readonly maker: Maker
  readonly publisher: Publisher
  readonly state: MemberState
  /** What of the input may be read into this lake; anew with every look at the topics. */
  owned: OwnedTopics
  /** Sources of partitions that have no leader; anew with every look at the topics. */
  leaderless: ReadonlySet<string>
  readonly die: CommitterOptions['die']
}

/** How far behind the member is: messages it holds, messages in Kafka by partition. */
interface MemberState {
  knowsLag: boolean
  waiting: number
  lags: readonly PartitionLag[]
  /** What outside is waited for: no progress, and nobody's fault; null: nothing. */
  waitsFor: string | null
  /** It has partitions that could not be brought into the lake, and that may be possible later. */
  triesAgain: boolean
}

const ALIVE_MS = 1000

/**
 * A member of a live stream: takes micro-batches from the partitions that its group gives it, and
 * commits each to the lake, the topics and the group's positions at once. It knows no other member.
 *
 * Crash-only: an error after which it is not sure what counted ends the process, and its successor
 * finds out from Kafka.
 */
export async function runStreamMember(options: MemberOptions): Promise<void> {
  const { settings, stop } = options
  const admin = openAdmin(settings.kafka, `${options.name}-admin`)
  const context = await makeContext(options, admin)
  const alive = setInterval(() => {
    options.send({ kind: 'alive', ...context.state, memory: process.memoryUsage.rss() })
  }, ALIVE_MS)
  try {
    while (!stop.aborted) await runSession(context)
  } finally {
    clearInterval(alive)
    await context.maker.close()
    await context.publisher.close().catch(() => {})
    await admin.close().catch(() => {})
  }
}

async function makeContext(options: MemberOptions, admin: Admin): Promise<Context> {
  const { settings, plan, name, send } = options
  const { output, kafka } = settings
  const store = openStore(settings.lake)
  const topics = outputTopics(settings, plan)
  await makeTopics(admin, topics, output)
  const maxBytes = await limitOf(admin, topics.own)
  const finkMaxBytes = await limitOf(admin, topics.fink)
  const { registry } = output
  const places = { access: kafka, clientId: name, topic: topics.schemas, store, registry }
  await keepColumns(store, plan.columns)
  const framing = await openFraming(places, topics.own, messageFormat(plan.columns))
  const limits = {
    prefix: output.prefix,
    finkPrefix: output.finkPrefix ?? '',
    maxBytes: topics.fink.length > 0 ? Math.min(maxBytes, finkMaxBytes) : maxBytes
  }
  const me = { group: settings.group, ...(await lakeIdentity(store)) }
  const claims = new FinkClaims(admin, me, settings, plan)
  const publisher = new Publisher(kafka, name, framing, limits, claims)
  await publisher.start()
  const state: MemberState = {
    knowsLag: false,
    waiting: 0,
    lags: [],
    waitsFor: null,
    triesAgain: false
  }
  const maker = new Maker({
    program: options.workerProgram,
    settings: { member: randomBytes(6).toString('hex'), stream: settings, maxBytes, finkMaxBytes },
    watched: watchedOf(plan),
    onLog: (level, message) => send({ kind: 'log', level, message }),
    onOutside: (waitsFor) => (state.waitsFor = waitsFor),
    onWork: (range) => send({ kind: 'working', range }),
    onDeath: options.onDeath
  })
  return {
    options,
    store,
    admin,
    maker,
    publisher,
    state,
    owned: { topicIds: new Map(), looked: { since: 0, partitions: new Map() }, refused: new Map() },
    leaderless: new Set(),
    die(reason, records) {
      options.die(reason.message, records)
      return new Promise<never>(() => {})
    }
  }
}

/** Membership with one set of input topics: ends when others appear, or when the member is to stop. */
async function runSession(context: Context): Promise<void> {
  const { options, admin } = context
  const { settings, plan, stop, name } = options
  const found = await findTopics(admin, settings.topics, ownTopics(settings, plan))
  const { topics } = found
  context.leaderless = found.leaderless
  tellLeftOut(found, options)
  const ends = new AbortController()
  const over = AbortSignal.any([stop, ends.signal])
  const looking = lookForTopics(context, found, over, ends)
  if (topics.size === 0) {
    const what = `a topic that ${settings.topics.join(', ')} stands for`
    context.options.send({
      kind: 'log',
      level: 'warn',
      message: `there is none in Kafka: waiting for ${what}`
    })
    Object.assign(context.state, { knowsLag: true, waitsFor: what })
    await looking
    Object.assign(context.state, { knowsLag: false, waitsFor: null })
    return
  }
  context.owned = await claimInput(admin, context.store, settings, [...topics.keys()])
  const group = new ConsumerGroup(settings, name, [...topics.keys()])
  try {
    if (!(await joined(group, options))) return
    for (
      let assignment = await group.assignment(over);
      assignment;
      assignment = await group.assignment(over)
    ) {
      const { memberId, generation, partitions } = assignment
      options.send({ kind: 'joined', memberId, generation, partitions })
      await workAssignment(context, group, assignment, over)
    }
  } catch (error) {
    if (!topics.has(unknownTopic(error) ?? '')) throw error
    tellGone(options)
  } finally {
    ends.abort()
    await group.close().catch(() => {})
    await looking
  }
}

/** False where a topic went since the look: then there is to be another one. */
async function joined(group: ConsumerGroup, options: MemberOptions): Promise<boolean> {
  try {
    await group.join()
    return true
  } catch (error) {
    if (!isUnknownTopic(error)) throw error
    tellGone(options)
    return false
  }
}

/** Nothing of the session counts that was not committed: the next begins where it was. */
function tellGone({ send }: MemberOptions): void {
  const message = 'an input topic was deleted a moment ago: it is left out'
  send({ kind: 'log', level: 'warn', message })
}

function tellLeftOut({ missing, offline }: FoundTopics, { send }: MemberOptions): void {
  const log = (message: string) => send({ kind: 'log', level: 'error', message })
  if (missing.length > 0) log(`no topic ${missing.join(', ')} in Kafka any more: the others go on`)
  if (offline.length === 0) return
  log(
    `topic ${offline.join(', ')} is offline: the others go on, and it does once its brokers and their disks are back`
  )
}

/** Ends the session when the input topics, or their partitions, are others than they were. */
async function lookForTopics(
  { options, admin, state }: Context,
  known: FoundTopics,
  over: AbortSignal,
  ends: AbortController
): Promise<void> {
  const { settings, send } = options
  const since = Date.now()
  while (!over.aborted) {
    await delay(settings.refreshSeconds * 1000, null, { signal: over }).catch(() => {})
    if (over.aborted) return
    if (Date.now() - since > TRY_AGAIN_MS && state.triesAgain) return ends.abort()
    const now = await lookAgain(admin, options).catch(() => known)
    if (sameTopics(known, now)) continue
    const names = [...now.topics].map(([topic, count]) => `${topic} (${count})`).join(', ')
    const fields = { topics: Object.fromEntries(now.topics), leaderless: [...now.leaderless] }
    send({ kind: 'log', level: 'info', message: `input topics are now ${names}`, fields })
    ends.abort()
  }
}

function lookAgain(admin: Admin, { settings, plan }: MemberOptions): Promise<FoundTopics> {
  return findTopics(admin, settings.topics, ownTopics(settings, plan))
}
