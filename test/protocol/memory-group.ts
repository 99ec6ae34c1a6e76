import type { SelectedMessage } from '../../engine/publish/kafka.ts'
import { FencedError, UnsureError } from '../../engine/stream/commit/coordination.ts'
import type { Coordination, LogSpan, Position } from '../../engine/stream/commit/coordination.ts'
import type { Assignment } from '../../engine/kafka/group.ts'
import { sourceOf } from '../../engine/kafka/partition.ts'
import type { Partition } from '../../engine/kafka/partition.ts'
import { IllegalGeneration } from './memory-broker.ts'
import type { MemoryBroker, Membership } from './memory-broker.ts'
import { selectedOf } from './parts.ts'
import { Actor } from './scheduler.ts'
import type { Scheduler } from './scheduler.ts'

/** One member's side of the group: believes in its assignment until it hears that it is over. */
export class GroupMember {
  readonly #name: string
  #joins = 0
  readonly actor: Actor
  #assignment: Assignment | null = null
  #ends = new AbortController()
  #wake: () => void = () => {}
  #heard = 0

  constructor(name: string, actor: Actor) {
    this.#name = name
    this.actor = actor
  }

  /** Who was expelled joins as another. */
  get memberId(): string {
    return `${this.#name}/${this.#joins}`
  }

  renew(): void {
    this.#joins++
  }

  /** `order` tells news from what comes after younger news. */
  begin(order: number, who: Membership, partitions: readonly Partition[]): void {
    if (order < this.#heard) return
    this.#heard = order
    this.end()
    this.#ends = new AbortController()
    this.#assignment = { ...who, partitions, ended: this.#ends.signal }
    this.#wake()
  }

  end(): void {
    this.#ends.abort()
  }

  /** The assignment in force, or the next one. */
  async assignment(): Promise<Assignment> {
    while (!this.#assignment || this.#assignment.ended.aborted) {
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
    return this.#assignment
  }
}

/** The consumer group: who is in it, and its rebalances. */
export class MemoryGroup {
  readonly #scheduler: Scheduler
  readonly #broker: MemoryBroker
  readonly #joined = new Map<string, GroupMember>()
  #order = 0

  constructor(scheduler: Scheduler, broker: MemoryBroker) {
    this.#scheduler = scheduler
    this.#broker = broker
  }

  get members(): GroupMember[] {
    return [...this.#joined.values()]
  }

  join(member: GroupMember): void {
    this.#joined.set(member.memberId, member)
    this.rebalance()
  }

  /** Its session ran out, or someone said that it is gone. It hears of it when it asks next. */
  expel(member: GroupMember): void {
    if (!this.#joined.delete(member.memberId)) return
    this.rebalance()
    this.#joinAgain(member)
  }

  #joinAgain(member: GroupMember): void {
    member.renew()
    void this.#scheduler
      .call(member.actor, 'heartbeat', () => {})
      .then(() => {
        member.end()
        return this.#scheduler.call(member.actor, 'join', () => this.join(member))
      })
  }

  /** A new generation begins now; its members hear of it one after the other. */
  rebalance(): void {
    const broker = this.#broker
    const generation = ++broker.generation
    this.#scheduler.say(`generation ${generation}: ${[...this.#joined.keys()].join(' ')}`)
    broker.members.clear()
    const members = this.#scheduler.dice.chance(0.5) ? this.members : this.members.reverse()
    for (const { memberId } of members) broker.members.set(memberId, [])
    const turn = this.#scheduler.dice.below(3)
    const all = [...broker.topics].flatMap(([topic, { ends }]) =>
      ends.map((_, partition) => ({ topic, partition }))
    )
    for (const [i, partition] of all.entries()) {
      const member = members[(i + turn) % members.length]
      if (member) broker.members.get(member.memberId)!.push(partition)
    }
    const order = ++this.#order
    for (const member of members) {
      const { memberId } = member
      const partitions = broker.members.get(memberId)!
      const isOver = () => this.#order > order
      void this.#scheduler
        .call(member.actor, `hear of generation ${generation}`, isOver)
        .then((over) =>
          over ? member.end() : member.begin(order, { memberId, generation }, partitions)
        )
    }
  }

  /** The group is deleted, with members that have not heard of it. */
  delete(): void {
    const gone = this.members
    this.#joined.clear()
    this.#broker.deleteGroup()
    for (const member of gone) this.#joinAgain(member)
  }
}

/** The calls of one producer, as `publish.ts` makes them; `lost` is how often an end is not heard. */
export function memoryCoordination(
  scheduler: Scheduler,
  broker: MemoryBroker,
  actor: Actor,
  producer: string,
  epoch: number,
  lost: number
): Coordination {
  const call = <T>(label: string, work: () => T, isReady?: () => boolean) =>
    scheduler.call(actor, label, work, isReady)

  const end = async (commits: boolean) => {
    const label = commits ? 'commit' : 'abort'
    if (!scheduler.isCalm && scheduler.dice.chance(lost)) {
      // it arrives, soon or late, or never; nobody hears of it
      const stray = new Actor(`${actor.name}'s last`)
      const work = () => broker.end(producer, epoch, commits)
      void scheduler.call(stray, label, work).catch(() => {})
      if (scheduler.dice.chance(0.3)) scheduler.kill(stray)
      await call(`${label}, not answered`, () => {})
      throw new Error('no answer')
    }
    await call(label, () => broker.end(producer, epoch, commits))
  }

  return {
    positions(partitions, ended) {
      const sources = partitions.map(sourceOf)
      const unstable = () => sources.some((source) => broker.isUnstable(source))
      const work = () => {
        if (unstable()) throw new Error('UNSTABLE_OFFSET_COMMIT')
        const known = sources.flatMap((source) => {
          const position = broker.positions.get(source)
          return position === undefined ? [] : [[source, position] as const]
        })
        return new Map(known)
      }
      return call('positions', work, () => ended.aborted || !unstable())
    },
    spans(partitions) {
      return call('spans', () => {
        const spans = new Map<string, LogSpan>()
        for (const partition of partitions) {
          const topic = broker.topics.get(partition.topic)
          const end = topic?.ends[partition.partition]
          if (!topic || end === undefined) continue
          spans.set(sourceOf(partition), { first: 0, end, topicId: topic.id })
        }
        return spans
      })
    },
    begin: (partitions) =>
      call('begin', () => new Map(partitions.map((partition) => [sourceOf(partition), 0]))),
    marksAt: async () => new Map(),
    published(record) {
      const wanted = selectedOf(record).map(({ source }) => source)
      const isClear = () => broker.transactions.every(({ isComplete }) => isComplete)
      const work = () => wanted.length > 0 && wanted.every((source) => broker.isInTopics(source))
      return call(`look for ${record.part} in the topics`, work, isClear)
    },
    passes: async () => true,
    async commit(assignment, messages, positions, onStep) {
      if (assignment.ended.aborted)
        throw new FencedError('the partitions are another member’s by now')
      const isFree = () => broker.isFree(producer)
      try {
        await call('begin transaction', () => broker.begin(producer, epoch), isFree)
        for (const position of positions) await addOffset(assignment, position)
        onStep('begun')
        await send(messages)
        onStep('sent')
      } catch (error) {
        await end(false).catch((aborting: unknown) => {
          throw new UnsureError(`not aborted: ${String(aborting)}`, { cause: error })
        })
        if (error instanceof IllegalGeneration) throw new FencedError(error.message)
        throw error
      }
      await end(true).catch((error: unknown) => {
        throw new UnsureError('the end was not heard', { cause: error })
      })
    }
  }

  async function addOffset(assignment: Assignment, position: Position): Promise<void> {
    const label = `position ${sourceOf(position)} ${position.next} of generation ${assignment.generation}`
    await call(label, () => broker.addOffset(producer, epoch, position, assignment))
  }

  async function send(messages: readonly SelectedMessage[]): Promise<void> {
    if (messages.length === 0) return
    await call(`send ${messages.length}`, () => broker.send(producer, epoch, messages))
  }
}
