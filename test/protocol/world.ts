import { OWN } from '../../engine/lake/ledger.ts'
import type { PartRecord } from '../../engine/lake/ledger.ts'
import type { Machine } from '../../engine/store/machine.ts'
import type { Store } from '../../engine/store/store.ts'
import { countStrike } from '../../engine/stream/common/bounds.ts'
import { UnsureError } from '../../engine/stream/commit/coordination.ts'
import { fileRun } from './file-run.ts'
import { MemoryBroker } from './memory-broker.ts'
import { MemoryDisk } from './memory-disk.ts'
import { GroupMember, memoryCoordination, MemoryGroup } from './memory-group.ts'
import { TOPIC } from './parts.ts'
import { Actor, Scheduler } from './scheduler.ts'
import type { Dice, Tell } from './scheduler.ts'
import { steppedStore } from './stepped-store.ts'
import { streamMember } from './stream-member.ts'
import { Watchman } from './watchman.ts'

/** What plays in a schedule, and in which weather. */
export interface Scene {
  readonly members: number
  /** Messages of each partition. */
  readonly partitions: readonly number[]
  /** Sources of files, and how many want to take each. */
  readonly sources: readonly {
    readonly name: string
    readonly packets: number
    readonly runs: number
  }[]
  readonly isTorn: boolean
  readonly isWalked: boolean
  readonly slow: number
  readonly late: number
  readonly outage: number
  /** How often the end of a transaction is not heard. */
  readonly lost: number
}

/** All that lives in a schedule: the lake, Kafka, the members of a stream and the runs of files. */
export class World {
  readonly scheduler: Scheduler
  readonly scene: Scene
  readonly disk = new MemoryDisk()
  readonly broker = new MemoryBroker()
  readonly group: MemoryGroup
  readonly watchman: Watchman
  readonly members = new Map<string, GroupMember>()
  /** All there ever were. */
  readonly #joined: GroupMember[] = []
  readonly runs = new Map<number, { actor: Actor; threads: Set<Actor> }>()
  readonly #topicIds = new Map([[TOPIC, 'id']])
  #names = 0
  runsLeft = 0

  constructor(scene: Scene, dice: Dice, tell: Tell | undefined) {
    this.scene = scene
    this.scheduler = new Scheduler(dice, scene, tell)
    this.group = new MemoryGroup(this.scheduler, this.broker)
    this.watchman = new Watchman(this)
    if (scene.partitions.length > 0) {
      this.broker.topics.set(TOPIC, { id: 'id', ends: [...scene.partitions] })
    }
  }

  begin(): void {
    for (let i = 0; i < this.scene.members; i++) this.startMember(`seat${i}`)
    for (const { name, packets, runs } of this.scene.sources) {
      for (let i = 0; i < runs; i++) {
        this.runsLeft++
        void this.#operate(name, packets)
      }
    }
  }

  /** It is over: what somebody still waits for would hold all of it in memory for ever. */
  letGo(): void {
    for (const membership of this.#joined) {
      membership.actor.isDead = true
      membership.end()
    }
  }

  storeOf(actor: Actor): Store {
    const watch = this.watchman.look.bind(this.watchman)
    return steppedStore(this.scheduler, actor, this.disk, this.scene, watch)
  }

  /** A member's process, and its supervisor, who starts another in its place when it is gone. */
  startMember(seat: string): void {
    const { scheduler, broker, group } = this
    // twelve hex digits, as a process has them; chance gives digits only far more often here
    const letters = Array.from(scheduler.dice.chance(0.5) ? '0123456789' : '0123456789abcdef')
    const name = Array.from({ length: 12 }, () => scheduler.dice.pick(letters)).join('')
    const actor = new Actor(`${seat}.${++this.#names}`)
    const membership = new GroupMember(name, actor)
    this.members.set(seat, membership)
    this.#joined.push(membership)
    const store = this.storeOf(actor)
    const die = async (reason: Error, records: readonly PartRecord[]) => {
      scheduler.say(`${actor.name} ends: ${String(reason)}`)
      this.endMember(seat, reason instanceof UnsureError ? records : [])
      return new Promise<never>(() => {})
    }
    void (async () => {
      const isFree = () => broker.isFree(seat)
      const epoch = await scheduler.call(actor, 'init producer', () => broker.initProducer(seat))
      await scheduler.call(actor, 'wait for what was open', () => {}, isFree)
      const coordination = memoryCoordination(
        scheduler,
        broker,
        actor,
        seat,
        epoch,
        this.scene.lost
      )
      await scheduler.call(actor, 'join', () => group.join(membership))
      const context = { scheduler, broker, store, coordination, membership, name, die }
      await streamMember({ ...context, topicIds: this.#topicIds })
    })()
  }

  /** Its process ends; the supervisor counts what it was not sure of, and goes on with another. */
  endMember(seat: string, unsure: readonly PartRecord[]): void {
    const { scheduler, group } = this
    const member = this.members.get(seat)
    if (!member || member.actor.isDead) return
    scheduler.kill(member.actor)
    const supervisor = new Actor(`supervisor of ${seat}`)
    void (async () => {
      const store = this.storeOf(supervisor)
      for (const record of unsure) await countStrike(store, record, 'slow', '').catch(() => {})
      const expel = () => group.expel(member)
      if (scheduler.dice.chance(0.5)) await scheduler.call(supervisor, 'remove member', expel)
      else void scheduler.call(new Actor('kafka'), `session of ${member.actor.name} ends`, expel)
      await scheduler.call(supervisor, `start ${seat}`, () => this.startMember(seat))
    })()
  }

  /** Someone who wants a source in the lake, and begins a run again and again until it is. */
  async #operate(source: string, packets: number): Promise<void> {
    const operator = new Actor(`operator of ${source}`)
    do await this.scheduler.call(operator, `run ${source}`, () => {})
    while (!(await this.#run(source, packets)))
    this.runsLeft--
  }

  /** True when it came to its end. */
  async #run(source: string, packets: number): Promise<boolean> {
    const pid = ++this.#names
    const actor = new Actor(`run.${pid}`)
    const threads = new Set<Actor>()
    this.runs.set(pid, { actor, threads })
    const { scheduler } = this
    const machine: Machine = {
      me: (command) => ({ pid, host: '', since: '', command, birth: '', beat: '' }),
      isAlive: ({ pid }) => this.#isAlive(pid),
      beat: (beat) => {
        void scheduler.call(actor, 'beat', () => {}).then(beat)
        return () => {}
      }
    }
    const storeOf = (own: Actor) => this.storeOf(own)
    const died = new Promise<false>((resolve) => (actor.onDeath = () => resolve(false)))
    const ended = fileRun({ scheduler, actor, machine, storeOf, source, packets, threads }).catch(
      (error: unknown) => {
        scheduler.say(`${actor.name} failed: ${String(error)}`)
        return false
      }
    )
    const isWhole = await Promise.race([ended, died])
    scheduler.kill(actor)
    return isWhole
  }

  #isAlive(pid: number): boolean {
    const actor = this.runs.get(pid)?.actor
    return actor !== undefined && !actor.isDead && !actor.isSilent
  }

  endRun(pid: number): void {
    const run = this.runs.get(pid)
    if (!run) return
    this.scheduler.kill(run.actor)
    for (const thread of run.threads) this.scheduler.kill(thread)
    run.threads.clear()
  }

  /** Everything that is to be taken in is: nobody has anything to do any more. */
  get isDone(): boolean {
    return this.undone.length === 0
  }

  /** What is still to be done. */
  get undone(): string[] {
    const { topics, transactions, positions } = this.broker
    const undone = this.runsLeft > 0 ? [`${this.runsLeft} runs`] : []
    if (!transactions.every(({ isComplete }) => isComplete)) undone.push('transactions')
    const topic = topics.get(TOPIC)
    if (topic?.id !== 'id') return undone
    for (const [partition, end] of topic.ends.entries()) {
      const source = `${TOPIC}-${partition}`
      const count = this.watchman.countOf(source)
      const position = positions.get(source)
      if (count < end || position !== end) undone.push(`${source}: ${count}, ${position} of ${end}`)
      undone.push(...this.#leftOf(`${OWN}/staging/${source}`))
    }
    return undone
  }

  /** What is left of attempts. Where a removal broke off, empty folders may be. */
  #leftOf(folder: string): string[] {
    const files = this.disk.list(folder).map(({ path }) => path)
    if (files.length > 0 || this.scheduler.wasHarmed) return files
    return this.disk.entries(folder).map(({ name }) => `${folder}/${name}/`)
  }
}
