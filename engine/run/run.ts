import { Worker } from 'node:worker_threads'
import { Damage } from '../consume/bytes.ts'
import type { Notes } from '../consume/notes.ts'
import { checkPlace } from '../registry/registry.ts'
import { DEFAULT_CUT } from '../consume/scanner.ts'
import type { Cut } from '../consume/scanner.ts'
import type { Source } from '../consume/source.ts'
import type { Survey } from '../contract/index.ts'
import type { Plan } from '../enrich/plan.ts'
import { FIRST } from '../enrich/run-module.ts'
import type { PacketRange } from '../packets.ts'
import { recover, recoverAttempt } from '../lake/file-commit.ts'
import { keepColumns } from '../lake/kept-columns.ts'
import { committedSpans } from '../lake/ledger.ts'
import type { PartRecord } from '../lake/ledger.ts'
import { Beat } from '../making/beat.ts'
import { watchedOf } from '../making/watched.ts'
import { collectLessOften } from '../making/collector.ts'
import { openResources } from '../resources/resources.ts'
import { checkRun } from '../lake/run-claim.ts'
import { openStore } from '../store/open-store.ts'
import type { Store } from '../store/store.ts'
import { Blame } from './blame.ts'
import { openClaimed, release } from './claimed-sources.ts'
import { forgetEnd, keepDamage } from './damage.ts'
import type { Claims } from './claimed-sources.ts'
import type { MemberSettings } from './messages.ts'
import { RunIndex } from './run-index.ts'
import { SeenAlerts, seenMemory } from './seen.ts'
import type { SeenMemory } from './seen.ts'
import { Supervisor } from './supervisor.ts'
import { Tally } from './tally.ts'

export interface RunOptions {
  readonly sources: readonly string[]
  readonly lake: string
  readonly members: number
  readonly cut?: Cut
  readonly surveys: readonly Survey[]
  /** A folder whose known files changed begins anew as another source. */
  readonly replace?: boolean
  /** Hears what there is to say of the sources: what was skipped, and why. */
  readonly notes?: Notes
  /** Folder or address of a schema registry for Confluent-wire packets. */
  readonly schemas: string | null
  /** Surveys whose packets are kept compressed; null, or left out: as befits the store. */
  readonly compressPackets?: readonly Survey[] | null
  /** Topics get injected alerts too. */
  readonly withInjected?: boolean
  /** Folder of the catalogues that modules and filters ask; left out: none. */
  readonly catalogues?: string | null
  readonly modules: readonly string[] | null
  readonly filters: readonly string[] | null
  /** For how many days a copy is recognised after its original landed; null, or left out: for ever. */
  readonly duplicateNights?: number | null
  readonly plan: Plan
  /** The program of a member thread. */
  readonly memberProgram: URL
  readonly command: string
  /** Aborted: what is in work is committed, nothing new is begun. */
  readonly signal: AbortSignal
  readonly crash: MemberSettings['crash']
  /** This process has a guard, who runs it again when it is killed. */
  readonly isGuarded: boolean
  onProgress(progress: Progress): void
  onLog(level: 'info' | 'warn' | 'error', message: string): void
}

export interface Progress {
  readonly bytesTotal: number
  readonly bytesRead: number
  readonly tally: Tally
}

export interface RunResult {
  readonly tally: Tally
  /** What the lake calls the sources. */
  readonly sources: readonly string[]
  readonly seconds: number
  /** Archives that broke off, each with the place. */
  readonly damage: readonly Damage[]
  readonly interrupted: boolean
  /** Packets that could be brought neither into the lake nor into quarantine, and why. */
  readonly stuck: readonly string[]
  /** Packets of these sources that an earlier run had taken in already. */
  readonly before: number
  readonly peakMemory: number
}

/**
 * Takes sources into a lake. A run that was stopped goes on where it stopped when it is run again. Others may
 * fill the same lake from other sources meanwhile.
 */
export async function run(options: RunOptions): Promise<RunResult> {
  collectLessOften()
  checkPlace(options.schemas)
  await openResources(options.plan, {
    catalogues: options.catalogues ?? null,
    warn: (message) => options.onLog('warn', message)
  })
  const store = openStore(options.lake)
  const { sources, claims } = await openClaimed(store, options)
  try {
    const isAfterDeath = [...claims.values()].some((claim) => claim.isAfterDeath)
    // one that was told to stop meanwhile ends here: its guard would know nothing of that, and begin it anew
    if (isAfterDeath && !options.isGuarded && !options.signal.aborted) throw new GuardWanted()
    await recoverSources(store, claims, (message) => options.onLog('info', message))
    await keepColumns(store, options.plan.columns)
    return await runSources(options, store, sources, claims)
  } finally {
    await release(claims)
  }
}

/** The run before died: this one is to be run in a process of its own, by somebody who survives it. */
class GuardWanted extends Error {
  override readonly name = 'GuardWanted'
}

async function recoverSources(
  store: Store,
  claims: Claims,
  say: (message: string) => void
): Promise<void> {
  const sum = { finished: 0, dropped: 0 }
  for (const { source, run } of claims.values()) {
    const { finished, dropped } = await recover(store, source, run)
    sum.finished += finished.length
    sum.dropped += dropped.length
  }
  if (sum.finished + sum.dropped === 0) return
  say(
    `the last run was cut off: ${sum.finished} commits finished, ${sum.dropped} unfinished parts removed`
  )
}

async function runSources(
  options: RunOptions,
  store: Store,
  sources: readonly Source[],
  claims: Claims
): Promise<RunResult> {
  const started = performance.now()
  const tally = new Tally()
  const damage = new Map<string, Damage>()
  const buffers = new BufferPool(options.members * 3 + 2)
  const seen = seenMemory()
  const names = sources.map(({ name }) => name)
  const warn = (message: string) => options.onLog('warn', message)
  const runs = new Map(names.map((name) => [name, claims.get(name)?.run ?? 0]))
  const index = await RunIndex.open(store, runs, new SeenAlerts(seen), warn)
  const onRecord = (record: PartRecord) => {
    tally.add(record)
    index.landed(record)
  }
  const blame = options.isGuarded ? await Blame.open(store, names) : null
  if (blame) endWithGuard(blame)
  const supervisor = startSupervisor({ options, store, seen, onRecord, claims, blame })
  const bytesTotal = sources.reduce((sum, source) => sum + source.bytes, 0)
  let before = 0
  let bytesBefore = 0
  try {
    for (const source of sources) {
      await forgetEnd(store, source.name)
      const done = await committedSpans(store, source.name)
      before += done.reduce((sum, [first, last]) => sum + last - first + 1, 0)
      const onRead = (bytes: number) =>
        options.onProgress({ bytesTotal, bytesRead: bytesBefore + bytes, tally })
      const broken = await readSource(source, done, supervisor, buffers, options, onRead)
      if (broken) damage.set(source.name, broken)
      bytesBefore += source.bytes
      if (options.signal.aborted) break
    }
    await supervisor.drain()
    if (supervisor.stuck.length === 0) await keepDamage(store, damage)
    await supervisor.close()
    await index.close()
  } catch (error) {
    await supervisor.close()
    await index.settle((source) => checkRun(store, source, claims.get(source)?.run ?? 0))
    throw error
  }
  await blame?.forget()
  return {
    tally,
    sources: names,
    damage: [...damage.values()],
    before,
    seconds: (performance.now() - started) / 1000,
    interrupted: options.signal.aborted,
    stuck: supervisor.stuck,
    peakMemory: supervisor.peakMemory
  }
}

/** Nobody is left to run it again: whoever ended the guard meant both. */
function endWithGuard(blame: Blame): void {
  process.once('disconnect', () => {
    void blame.forget().finally(() => process.kill(process.pid, 'SIGKILL'))
  })
}

async function readSource(
  source: Source,
  done: readonly (readonly [number, number])[],
  supervisor: Supervisor,
  buffers: BufferPool,
  options: RunOptions,
  onRead: (bytes: number) => void
): Promise<Damage | null> {
  const cut = options.cut ?? DEFAULT_CUT
  const allocate = (size: number) => buffers.take(size)
  try {
    for await (const range of source.ranges({ done, cut, onRead, allocate })) {
      if (options.signal.aborted) break
      await supervisor.give(range, () => buffers.giveBack(range))
    }
    return null
  } catch (error) {
    if (error instanceof Damage) return error
    throw error
  }
}

/** What a supervisor is started with. */
interface SupervisorParts {
  readonly options: RunOptions
  readonly store: Store
  readonly seen: SeenMemory
  readonly onRecord: (record: PartRecord) => void
  readonly claims: Claims
  readonly blame: Blame | null
}

function startSupervisor({
  options,
  store,
  seen,
  onRecord,
  claims,
  blame
}: SupervisorParts): Supervisor {
  return new Supervisor({
    members: options.members,
    watched: watchedOf(options.plan),
    start() {
      const beat = Beat.memory()
      const { lake, modules, filters, surveys, schemas, crash } = options
      const workerData: MemberSettings = {
        lake,
        modules,
        filters,
        surveys,
        schemas,
        catalogues: options.catalogues ?? null,
        compressPackets: options.compressPackets ?? null,
        withInjected: options.withInjected === true,
        seen,
        duplicateNights: options.duplicateNights ?? null,
        beat,
        crash
      }
      return { worker: new Worker(options.memberProgram, { workerData }), beat }
    },
    blame,
    runOf: (source) => claims.get(source)?.run ?? 0,
    recover: ({ source, first, count }, attempt) =>
      recoverAttempt(store, { source, first, last: first + count - 1, attempt }),
    onRecord,
    onLog: once((level, message) => options.onLog(level, message))
  })
}

/** Each member finds the same fault in a schema: it is told once. */
function once(say: RunOptions['onLog']): RunOptions['onLog'] {
  const said = new Set<string>()
  return (level, message) => {
    const [fault = message] = message.split(FIRST)
    if (level === 'warn' && said.has(fault)) return
    if (said.size < 10_000) said.add(fault)
    say(level, message)
  }
}

/** Buffers of ranges, used again: fresh memory of this size costs more than the copy into it. */
class BufferPool {
  readonly #most: number
  readonly #free: SharedArrayBuffer[] = []

  constructor(most: number) {
    this.#most = most
  }

  take(size: number): SharedArrayBuffer {
    const at = this.#free.findIndex((buffer) => buffer.byteLength >= size)
    if (at >= 0) return this.#free.splice(at, 1)[0]!
    return new SharedArrayBuffer(size)
  }

  giveBack(range: PacketRange): void {
    if (this.#free.length < this.#most && range.bytes instanceof SharedArrayBuffer) {
      this.#free.push(range.bytes)
    }
  }
}
