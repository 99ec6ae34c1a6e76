import { OWN, spanOfRecord } from '../../engine/lake/ledger.ts'
import type { PartRecord } from '../../engine/lake/ledger.ts'
import type { MemoryBroker, Transaction } from './memory-broker.ts'
import type { MemoryDisk } from './memory-disk.ts'
import { contentOf, isSelected, TOPIC } from './parts.ts'
import type { Actor } from './scheduler.ts'

/** What there is to be seen of a world. */
interface Sight {
  readonly disk: MemoryDisk
  readonly broker: MemoryBroker
  readonly runs: ReadonlyMap<number, { readonly actor: Actor }>
  readonly scene: {
    readonly partitions: readonly number[]
    readonly sources: readonly { readonly name: string; readonly packets: number }[]
  }
}

/** What the promise of the broker forbids. */
export class Violation extends Error {}

/** Looks at the lake and at Kafka from outside: at every change, and at the end. */
export class Watchman {
  readonly #world: Sight
  /** Transactions whose messages may be there once more, because the group was deleted while they were open. */
  readonly #forgiven = new Set<Transaction>()
  #violation: Violation | null = null

  constructor(world: Sight) {
    this.#world = world
  }

  /** @throws Violation, if there was one. */
  expectPeace(): void {
    if (this.#violation) throw this.#violation
  }

  #forbid(what: string): void {
    this.#violation ??= new Violation(what)
  }

  recordsOf(source: string): PartRecord[] {
    const { disk } = this.#world
    return disk
      .list(`${OWN}/ledger/${source}`)
      .map(({ path }) => JSON.parse(Buffer.from(disk.read(path)).toString()) as PartRecord)
  }

  /** How many positions of a source are in the ledger, copies counted. */
  countOf(source: string): number {
    let count = 0
    for (const { path } of this.#world.disk.list(`${OWN}/ledger/${source}`)) {
      const span = spanOfRecord(path)
      if (span) count += span.last - span.first + 1
    }
    return count
  }

  /** Before something is removed, or renamed: is it the right of who does it? */
  look(actor: Actor, verb: 'rename' | 'remove', path: string): void {
    const own = `${OWN}/staging/`
    if (!path.startsWith(own)) return
    if (verb === 'remove') this.#expectNoneCommitted(actor, path)
    const [source = '', attempt = ''] = path.slice(own.length).split('/')
    this.#expectNotYounger(actor, source, attempt)
  }

  /** A file that a record of the ledger names, and that is not in its place yet, must not go. */
  #expectNoneCommitted(actor: Actor, path: string): void {
    const { disk } = this.#world
    const files = disk.size(path) === null ? disk.list(path) : [{ path }]
    for (const { path: file } of files) {
      const [, source = '', attempt = '', span = '', place = ''] =
        /^_siskin\/staging\/([^/]+)\/(.+)\/(\d{10}-\d{10})\/(.+)$/.exec(file) ?? []
      if (place === 'record.json' || place === '') continue
      const record = this.recordsOf(source).find(
        (one) => one.attempt === attempt.replaceAll(/\.over[^/]*/g, '') && one.part.endsWith(span)
      )
      if (record && disk.size(place) === null) {
        this.#forbid(`${actor.name} removed ${file}, which is committed and not in its place`)
      }
    }
  }

  /** What the run that has a source now has staged is its own. */
  #expectNotYounger(actor: Actor, source: string, attempt: string): void {
    const run = /^run(\d+)$/.exec(attempt)?.[1]
    if (run === undefined) return
    const { disk, runs } = this.#world
    const claims = disk.entries(`${OWN}/owners/runs/${source}`)
    const numbers = claims.map(({ name }) => Number(/^(\d+)\.(?:json|over)$/.exec(name)?.[1] ?? 0))
    if (Math.max(...numbers) !== Number(run)) return
    const has = (name: string) => claims.some((claim) => claim.name === name)
    if (!has(`${run}.json`) || has(`${run}.over`)) return // with both it is about to be given back
    const claim = disk.read(`${OWN}/owners/runs/${source}/${run}.json`)
    const { pid } = JSON.parse(Buffer.from(claim).toString()) as { pid: number }
    const owner = runs.get(pid)?.actor
    if (!owner || owner.isDead || owner.isSilent || actor.name.split(' ')[0] === owner.name) return
    this.#forbid(`${actor.name} touched what ${owner.name} staged, who has ${source}`)
  }

  /** What is said of a group that is deleted now: transactions that are under way may come twice. */
  forgiveOpen(): void {
    for (const transaction of this.#world.broker.transactions) {
      if (transaction.state === 'open') this.#forgiven.add(transaction)
    }
  }

  /** What is said of a topic that is made anew: these messages may come twice. */
  forgive(): void {
    const { broker } = this.#world
    for (const transaction of broker.transactions) {
      if (transaction.state === 'aborted') continue
      const isPlaced = transaction.offsets.every(({ source, next }) =>
        this.recordsOf(source).some(({ last }) => last + 1 === next)
      )
      if (!isPlaced) this.#forgiven.add(transaction)
    }
  }

  /** Every position once, lake = topics = positions, and nothing left behind. */
  judge(): void {
    this.expectPeace()
    const { scene, broker } = this.#world
    const topic = broker.topics.get(TOPIC)
    for (const [partition, end] of scene.partitions.entries()) {
      const source = `${TOPIC}-${partition}`
      const records = this.#judgeLake(source)
      const reached = this.#expectOnce(source, records)
      if (topic?.id === 'id') {
        if (reached !== end) this.#forbid(`${source}: ${reached} of ${end} are in the lake`)
        const position = broker.positions.get(source)
        if (position !== end) this.#forbid(`${source}: ${end} in the lake, position ${position}`)
      }
      this.#judgeTopics(source, reached)
    }
    for (const { name, packets } of scene.sources) {
      const reached = this.#expectOnce(name, this.#judgeLake(name))
      if (reached !== packets) this.#forbid(`${name}: ${reached} of ${packets} are in the lake`)
    }
    this.expectPeace()
  }

  /** Each file of each record lies in its place, and is of the attempt that counted. */
  #judgeLake(source: string): PartRecord[] {
    const { disk } = this.#world
    const records = this.recordsOf(source)
    for (const { part, attempt, files } of records) {
      for (const { path } of files) {
        if (disk.size(path) === null) this.#forbid(`${part}: there is no ${path}`)
        else if (Buffer.from(disk.read(path)).toString() !== contentOf(path, attempt)) {
          this.#forbid(`${part}: ${path} is of another attempt than ${attempt}`)
        }
      }
    }
    const known = new Set(records.flatMap(({ files }) => files.map(({ path }) => path)))
    for (const { path } of [...disk.list('alerts'), ...disk.list('packets')]) {
      if (path.includes(`/${source}-`) && !known.has(path)) this.#forbid(`${path} is of no part`)
    }
    return records
  }

  /** First position behind the records, which follow one another. */
  #expectOnce(source: string, records: readonly PartRecord[]): number {
    let next = 0
    for (const { first, last, attempt } of records.toSorted((a, b) => a.first - b.first)) {
      if (first !== next) this.#forbid(`${source}: ${attempt} begins at ${first}, not at ${next}`)
      next = last + 1
    }
    return next
  }

  #judgeTopics(source: string, reached: number): void {
    const counts = new Map<string, number>()
    const forgiven = [...this.#forgiven].flatMap(({ messages }) => messages)
    const mayDouble = new Set(forgiven.map(({ source }) => source))
    for (const { state, messages } of this.#world.broker.transactions) {
      if (state !== 'committed') continue
      for (const { source } of messages) counts.set(source, (counts.get(source) ?? 0) + 1)
    }
    for (let position = 0; position < reached; position++) {
      const origin = `${source}@${position}`
      const count = counts.get(origin) ?? 0
      counts.delete(origin)
      const wanted = isSelected(position) ? 1 : 0
      if (count === wanted || (count > wanted && mayDouble.has(origin))) continue
      this.#forbid(`${origin}: ${count} messages in the topics`)
    }
    for (const [origin, count] of counts) {
      if (origin.startsWith(`${source}@`) && !mayDouble.has(origin)) {
        this.#forbid(`${origin}: ${count} messages in the topics, none in the lake`)
      }
    }
  }
}
