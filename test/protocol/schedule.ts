import { Dice, drain } from './scheduler.ts'
import type { Actor, Tell } from './scheduler.ts'
import { TOPIC } from './parts.ts'
import { Violation } from './watchman.ts'
import { World } from './world.ts'
import type { Scene } from './world.ts'

const MOST_STEPS = 6000
/** So long things go wrong; then all that is still to be done must come to its end. */
const STORMY_STEPS = 350
const PAUSE = 150

/** How a schedule went wrong. */
export interface Failure {
  readonly seed: number
  readonly message: string
}

/** What plays under a seed. */
function sceneOf(dice: Dice): Scene {
  const kind = dice.below(4)
  const hasStream = kind !== 1
  const hasRuns = kind === 1 || kind === 2
  const partitions = hasStream
    ? Array.from({ length: 1 + dice.below(2) }, () => 3 + dice.below(7))
    : []
  const sources = hasRuns
    ? Array.from({ length: 1 + dice.below(2) }, (_, i) => {
        return { name: `night${i}`, packets: 1 + dice.below(6), runs: 1 + dice.below(3) }
      })
    : []
  return {
    members: hasStream ? 1 + dice.below(3) : 0,
    partitions,
    sources,
    isTorn: dice.chance(0.5),
    isWalked: dice.chance(0.3),
    slow: dice.pick([0, 0.02, 0.1, 0.3]),
    late: dice.pick([0.1, 0.5]),
    outage: dice.pick([0, 0, 0.01]),
    lost: dice.pick([0, 0.1, 0.3])
  }
}

/** Plays one schedule to its end, and judges it. Null: nothing was wrong. `tell` hears of every step. */
export async function play(seed: number, tell?: Tell): Promise<Failure | null> {
  const dice = new Dice(seed)
  const world = new World(sceneOf(dice), dice, tell)
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0 // errors are part of a schedule, and their stacks half of what it costs
  try {
    await run(world)
    world.watchman.judge()
    return null
  } catch (error) {
    if (!(error instanceof Violation)) throw error
    return { seed, message: error.message }
  } finally {
    world.letGo()
    Error.stackTraceLimit = stackTraceLimit
  }
}

async function run(world: World): Promise<void> {
  const { scheduler, watchman } = world
  const storm = new Storm(world)
  world.begin()
  for (;;) {
    await drain()
    watchman.expectPeace()
    if (scheduler.step > STORMY_STEPS && !scheduler.isCalm) storm.end()
    if (!scheduler.isCalm) storm.blow()
    storm.complete()
    if (scheduler.next() || scheduler.isWaiting) {
      if (scheduler.step < MOST_STEPS) continue
    } else if (scheduler.isCalm && storm.isOver && world.isDone) return
    else if (storm.help()) continue
    const { undone } = world
    throw new Violation(`nothing moves any more: ${[...undone, ...scheduler.open].join('; ')}`)
  }
}

/** What goes wrong in a schedule, by chance. */
class Storm {
  readonly #world: World
  readonly #force: number
  readonly #kinds: (() => void)[]

  constructor(world: World) {
    this.#world = world
    const { dice } = world.scheduler
    this.#force = dice.pick([0, 0.01, 0.03, 0.06])
    const rebalance = () => world.group.rebalance()
    const kinds = [() => this.#kill(), () => this.#pause(), () => this.#timeOut(), rebalance]
    if (dice.chance(0.25)) {
      // what a former group has left is found by those who come and go in the next
      const sleep = () => this.#pause()
      kinds.push(() => this.#deleteGroup(), sleep, sleep)
    }
    if (dice.chance(0.03)) kinds.push(() => this.#makeTopicAnew())
    this.#kinds = [...kinds, () => this.#expel(), () => this.#killThread(), () => this.#kill()]
  }

  blow(): void {
    const { dice } = this.#world.scheduler
    if (dice.chance(this.#force)) dice.pick(this.#kinds)()
  }

  #kill(): void {
    const { members, runs, scheduler } = this.#world
    const victims = [
      ...members.keys(),
      ...[...runs].flatMap(([pid, { actor }]) => (actor.isDead ? [] : [pid]))
    ]
    if (victims.length === 0) return
    const victim = scheduler.dice.pick(victims)
    if (typeof victim === 'string') this.#world.endMember(victim, [])
    else this.#world.endRun(victim)
  }

  #killThread(): void {
    const { runs, scheduler } = this.#world
    const threads = [...runs.values()].flatMap(({ threads }) => [...threads])
    if (threads.length > 0) scheduler.kill(scheduler.dice.pick(threads))
  }

  #pause(): void {
    const { members, runs, scheduler } = this.#world
    const { dice, step } = scheduler
    const alive: Actor[][] = [
      ...[...members.values()].map(({ actor }) => [actor]),
      ...[...runs.values()].map(({ actor, threads }) => [actor, ...threads])
    ].filter(([actor]) => !actor!.isDead)
    if (alive.length === 0) return
    const until = step + dice.below(PAUSE)
    const isSilent = dice.chance(0.7)
    for (const actor of dice.pick(alive)) {
      scheduler.say(`${actor.name} is paused until ${until}`)
      actor.pausedUntil = until
      actor.isSilent ||= isSilent
    }
  }

  #expel(): void {
    const { group, scheduler } = this.#world
    if (group.members.length === 0) return
    const member = scheduler.dice.pick(group.members)
    scheduler.say(`${member.actor.name} is expelled`)
    group.expel(member)
  }

  #timeOut(): void {
    const { broker, scheduler } = this.#world
    const open = broker.transactions.filter(({ state }) => state === 'open')
    if (open.length === 0) return
    scheduler.say('a transaction takes too long')
    broker.timeOut(scheduler.dice.pick(open))
  }

  #deleteGroup(): void {
    const { group, watchman, scheduler } = this.#world
    scheduler.say('the group is deleted')
    watchman.forgiveOpen()
    group.delete()
  }

  #makeTopicAnew(): void {
    const { broker, scheduler, group, watchman } = this.#world
    const topic = broker.topics.get(TOPIC)
    if (!topic) return
    scheduler.say('the topic is made anew')
    watchman.forgive()
    broker.makeTopicAnew(
      TOPIC,
      topic.ends.map(() => scheduler.dice.below(15))
    )
    group.rebalance()
  }

  /** Transactions that are decided come to their end some time later. */
  complete(): void {
    const { broker, scheduler } = this.#world
    for (const transaction of broker.transactions) {
      const { state, isComplete } = transaction
      if (state === 'open' || isComplete) continue
      if (scheduler.isCalm || scheduler.dice.chance(0.2)) broker.complete(transaction)
    }
  }

  /** From now on all goes well. */
  end(): void {
    const { scheduler, members, runs } = this.#world
    scheduler.say('calm')
    scheduler.isCalm = true
    for (const { actor } of members.values()) actor.pausedUntil = 0
    for (const { actor, threads } of runs.values()) {
      for (const one of [actor, ...threads]) one.pausedUntil = 0
    }
  }

  /** Nothing moves: time passes, and what takes too long ends. False if there is nothing of the kind. */
  help(): boolean {
    const { broker, scheduler, group } = this.#world
    const late = broker.transactions.find(({ state }) => state === 'open')
    const ghost = group.members.find(({ actor }) => actor.isDead)
    if (late) broker.timeOut(late)
    else if (ghost) group.expel(ghost)
    else if (!scheduler.isCalm) this.end()
    else return this.#wakeUp()
    return true
  }

  /** Members that have nothing to do leave what others left behind until the next rebalance. */
  #wakeUp(): boolean {
    const { group, scheduler } = this.#world
    if (this.#wakings++ > 3 || group.members.length === 0) return false
    scheduler.say('one more rebalance')
    group.rebalance()
    return true
  }

  #wakings = 0

  /** All was taken over once more since. */
  get isOver(): boolean {
    return this.#wakings > 0 || this.#world.scene.members === 0
  }
}
