import { Worker } from 'node:worker_threads'
import { Damage } from '../consume/bytes.ts'
import { openSources } from '../consume/open.ts'
import { checkPlace } from '../consume/registry.ts'
import { DEFAULT_CUT } from '../consume/scanner.ts'
import type { Cut } from '../consume/scanner.ts'
import type { Source } from '../consume/source.ts'
import type { Survey } from '../contract/index.ts'
import type { Plan } from '../enrich/plan.ts'
import type { PacketRange } from '../packets.ts'
import { recover, recoverAttempt } from '../persist/commit.ts'
import { committedSpans, OWN } from '../persist/ledger.ts'
import type { PartRecord } from '../persist/ledger.ts'
import { RunClaim } from '../persist/run-claim.ts'
import { openStore } from '../persist/open-store.ts'
import type { Store } from '../persist/store.ts'
import { Beat } from './messages.ts'
import type { MemberSettings } from './messages.ts'
import { seenMemory } from './seen.ts'
import { Supervisor } from './supervisor.ts'
import { Tally } from './tally.ts'

export interface RunOptions {
  readonly sources: readonly string[]
  readonly lake: string
  readonly members: number
  readonly cut?: Cut
  readonly surveys: readonly Survey[]
  /** Folder or address of a schema registry for Confluent-wire packets. */
  readonly schemas: string | null
  readonly modules: readonly string[] | null
  readonly filters: readonly string[] | null
  readonly plan: Plan
  /** The program of a member thread. */
  readonly memberProgram: URL
  readonly command: string
  /** Aborted: what is in work is committed, nothing new is begun. */
  readonly signal: AbortSignal
  readonly crash: MemberSettings['crash']
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
  /** Packets of these sources that an earlier run had taken in already. */
  readonly before: number
  readonly peakMemory: number
}

/**
 * Takes sources into a lake. A run that was stopped goes on where it stopped when it is run again. Others may
 * fill the same lake from other sources meanwhile.
 */
export async function run(options: RunOptions): Promise<RunResult> {
  checkPlace(options.schemas)
  const store = openStore(options.lake)
  const sources = await openSources(options.sources, folderLists(store))
  const claims = await claimSources(store, sources, options.command)
  try {
    await recoverSources(store, sources, (message) => options.onLog('info', message))
    return await runSources(options, store, sources, claims)
  } finally {
    for (const claim of claims.values()) await claim.release()
  }
}

type Claims = ReadonlyMap<string, RunClaim>

/** All of them or none. @throws SiskinError that names the run that has one of them. */
async function claimSources(
  store: Store,
  sources: readonly Source[],
  command: string
): Promise<Claims> {
  const claims = new Map<string, RunClaim>()
  try {
    for (const { name } of sources) claims.set(name, await RunClaim.take(store, name, command))
    return claims
  } catch (error) {
    for (const claim of claims.values()) await claim.release()
    throw error
  }
}

async function recoverSources(
  store: Store,
  sources: readonly Source[],
  say: (message: string) => void
): Promise<void> {
  const sum = { finished: 0, dropped: 0 }
  for (const { name } of sources) {
    const { finished, dropped } = await recover(store, name)
    sum.finished += finished.length
    sum.dropped += dropped.length
  }
  if (sum.finished + sum.dropped === 0) return
  say(
    `the last run was cut off: ${sum.finished} commits finished, ${sum.dropped} unfinished parts removed`
  )
}

export function folderLists(store: Store) {
  const path = (source: string) => `${OWN}/sources/${source}.json`
  return {
    async known(source: string) {
      if ((await store.size(path(source))) === null) return []
      return JSON.parse(Buffer.from(await store.read(path(source))).toString()) as {
        name: string
        size: number
      }[]
    },
    async remember(source: string, files: readonly { name: string; size: number }[]) {
      const staged = `${path(source)}.new`
      await store.remove(staged)
      await store.write(staged, [Buffer.from(JSON.stringify(files, null, 1))])
      await store.rename(staged, path(source))
      await store.settle([`${OWN}/sources`])
    }
  }
}

async function runSources(
  options: RunOptions,
  store: Store,
  sources: readonly Source[],
  claims: Claims
): Promise<RunResult> {
  const started = performance.now()
  const tally = new Tally()
  const damage: Damage[] = []
  const buffers = new BufferPool(options.members * 3 + 2)
  const supervisor = startSupervisor(options, store, tally, claims)
  const bytesTotal = sources.reduce((sum, source) => sum + source.bytes, 0)
  let before = 0
  let bytesBefore = 0
  try {
    for (const source of sources) {
      const done = await committedSpans(store, source.name)
      before += done.reduce((sum, [first, last]) => sum + last - first + 1, 0)
      const onRead = (bytes: number) =>
        options.onProgress({ bytesTotal, bytesRead: bytesBefore + bytes, tally })
      const broken = await readSource(source, done, supervisor, buffers, options, onRead)
      if (broken) damage.push(broken)
      bytesBefore += source.bytes
      if (options.signal.aborted) break
    }
    await supervisor.drain()
  } finally {
    await supervisor.close()
  }
  return {
    tally,
    sources: sources.map(({ name }) => name),
    damage,
    before,
    seconds: (performance.now() - started) / 1000,
    interrupted: options.signal.aborted,
    peakMemory: supervisor.peakMemory
  }
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
      await supervisor.give(range, () => buffers.giveBack(range))
      if (options.signal.aborted) break
    }
    return null
  } catch (error) {
    if (error instanceof Damage) return error
    throw error
  }
}

function startSupervisor(
  options: RunOptions,
  store: Store,
  tally: Tally,
  claims: Claims
): Supervisor {
  const seen = seenMemory()
  return new Supervisor({
    members: options.members,
    modules: options.plan.modules.map((module) => module.name),
    start() {
      const beat = Beat.memory()
      const { lake, modules, filters, surveys, schemas, crash } = options
      const workerData: MemberSettings = {
        lake,
        modules,
        filters,
        surveys,
        schemas,
        seen,
        beat,
        crash
      }
      return { worker: new Worker(options.memberProgram, { workerData }), beat }
    },
    runOf: (source) => claims.get(source)?.run ?? 0,
    recover: ({ source, first, count }, attempt) =>
      recoverAttempt(store, { source, first, last: first + count - 1, attempt }),
    onRecord: (record: PartRecord) => tally.add(record),
    onLog: once((level, message) => options.onLog(level, message))
  })
}

/** Each member finds the same fault in a schema: it is told once. */
function once(say: RunOptions['onLog']): RunOptions['onLog'] {
  const said = new Set<string>()
  return (level, message) => {
    if (level === 'warn' && said.has(message)) return
    if (said.size < 10_000) said.add(message)
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
