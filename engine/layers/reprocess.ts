import { Worker } from 'node:worker_threads'
import { expectNoClosing } from '../lake/no-closing.ts'
import { watchedOf } from '../making/watched.ts'
import { Beat } from '../making/beat.ts'
import { attemptOfRun, recoverAttempt } from '../lake/file-commit.ts'
import { keepColumns } from '../lake/kept-columns.ts'
import { recoverLayer } from '../lake/layer-claims.ts'
import { layerSource, layerText } from '../lake/layer-name.ts'
import type { LayerName } from '../lake/layer-name.ts'
import { layersIn } from '../lake/layers.ts'
import { RunClaim } from '../lake/run-claim.ts'
import type { Store } from '../store/store.ts'
import type { Nights } from '../reread/alert-files.ts'
import { openResources } from '../resources/resources.ts'
import { Tally } from '../run/tally.ts'
import { moduleColumns } from '../table/enriched.ts'
import type { LayerMemberSettings, PartSpan } from './messages.ts'
import { partsOf } from './parts.ts'
import { Pool } from './pool.ts'
import { layersOf } from './work.ts'
import type { LayerWork } from './work.ts'

export interface ReprocessOptions {
  readonly store: Store
  readonly work: LayerWork
  /** Null: all. */
  readonly nights: Nights | null
  readonly members: number
  /** Folder of the catalogues that modules and filters ask; left out: none. */
  readonly catalogues?: string | null
  /** The program of a member thread. */
  readonly memberProgram: URL
  readonly command: string
  /** Aborted: what is in work is committed, nothing new is begun. */
  readonly signal: AbortSignal
  readonly crash: LayerMemberSettings['crash']
  readonly onProgress: (progress: ReprocessProgress) => void
  readonly onLog: (level: 'info' | 'warn' | 'error', message: string) => void
}

export interface ReprocessProgress {
  readonly alertsTotal: number
  /** Of parts that are made, were made before, or are broken. */
  readonly alerts: number
}

export interface ReprocessResult {
  readonly layers: readonly LayerName[]
  /** Sums over the parts of layers that were made now. */
  readonly tally: Tally
  /** Parts of the lake that were looked at, and those of which nothing had to be made. */
  readonly parts: number
  readonly untouched: number
  readonly alerts: number
  readonly seconds: number
  /** By module: parts that have a newer version of it themselves. */
  readonly newer: Readonly<Record<string, number>>
  /** What could not be made, and why. */
  readonly broken: readonly { readonly part: string; readonly reason: string }[]
  readonly interrupted: boolean
  readonly peakMemory: number
}

/**
 * Runs versions of modules and filters over what lies in the lake, and writes what they say beside it. One that was
 * stopped goes on when it is run again; what was made of the same versions is not made twice.
 */
export async function reprocess(options: ReprocessOptions): Promise<ReprocessResult> {
  const { store, work, nights, command, catalogues = null, onLog } = options
  const warn = (message: string) => onLog('warn', message)
  await openResources({ ...work.plan, ...work }, { catalogues, asOf: work.asOf, warn })
  const found = await partsOf(store, nights)
  const layers = layersOf(work)
  const claims = await claim(store, layers, command)
  try {
    await expectNoClosing(store)
    for (const [layer, { run }] of claims) await recoverLayer(store, layer, run, options.onLog)
    for (const module of work.modules) await keepColumns(store, moduleColumns(module))
    return await new Reprocessing(options, layers, claims).run(found)
  } finally {
    for (const own of claims.values()) await own.release()
  }
}

type Claims = ReadonlyMap<LayerName, RunClaim>

/** All of them or none. @throws SiskinError that names who has one of them. */
async function claim(store: Store, layers: readonly LayerName[], command: string): Promise<Claims> {
  const claims = new Map<LayerName, RunClaim>()
  try {
    for (const layer of layers) {
      claims.set(layer, await RunClaim.take(store, layerText(layer), command))
    }
    return claims
  } catch (error) {
    for (const own of claims.values()) await own.release()
    throw error
  }
}

class Reprocessing {
  readonly #options: ReprocessOptions
  readonly #layers: readonly LayerName[]
  readonly #runs: Record<string, number> = {}
  readonly #tally = new Tally()
  readonly #newer: Record<string, number> = {}
  readonly #broken: ReprocessResult['broken'][number][] = []
  #untouched = 0
  #alerts = 0
  #peakMemory = 0

  constructor(options: ReprocessOptions, layers: readonly LayerName[], claims: Claims) {
    this.#options = options
    this.#layers = layers
    for (const [layer, { run }] of claims) this.#runs[layerText(layer)] = run
  }

  async run({ parts, bad }: Awaited<ReturnType<typeof partsOf>>): Promise<ReprocessResult> {
    const { store, work, members, signal, onProgress, onLog } = this.#options
    const started = performance.now()
    const alertsTotal = parts.reduce((sum, { alerts }) => sum + alerts, 0)
    for (const { path, reason } of bad) this.#broken.push({ part: path, reason })
    const settings = await this.#settings()
    const passed = ({ alerts }: PartSpan) => {
      this.#alerts += alerts
      onProgress({ alertsTotal, alerts: this.#alerts })
    }
    const pool = new Pool({
      members: Math.min(members, Math.max(1, parts.length)),
      watched: watchedOf({ ...work.plan, modules: work.modules, filters: work.filters }),
      start: () => {
        const beat = Beat.memory()
        const workerData: LayerMemberSettings = { ...settings, beat }
        return { worker: new Worker(this.#options.memberProgram, { workerData }), beat }
      },
      recover: (part, attempt) => this.#recover(store, part, attempt),
      onDone: (part, { records, newer, memory }) => {
        for (const record of records) this.#tally.add(record)
        for (const name of newer) this.#newer[name] = (this.#newer[name] ?? 0) + 1
        if (records.length === 0) this.#untouched++
        this.#peakMemory = Math.max(this.#peakMemory, memory)
        passed(part)
      },
      onBroken: (part, reason) => {
        this.#broken.push({ part: nameOf(part), reason })
        passed(part)
      },
      onLog
    })
    try {
      await pool.run(parts, signal)
    } finally {
      await pool.close()
    }
    return {
      layers: this.#layers,
      tally: this.#tally,
      parts: parts.length,
      untouched: this.#untouched,
      alerts: this.#alerts,
      seconds: (performance.now() - started) / 1000,
      newer: this.#newer,
      broken: this.#broken,
      interrupted: signal.aborted,
      peakMemory: this.#peakMemory
    }
  }

  async #settings(): Promise<Omit<LayerMemberSettings, 'beat'>> {
    const { store, work, catalogues = null, crash } = this.#options
    return {
      lake: store.root,
      modules: work.modules.map(({ name }) => name),
      filters: work.filters.map(({ name }) => name),
      asOf: work.asOf,
      catalogues,
      layers: await layersIn(store),
      runs: this.#runs,
      isShared: false,
      crash
    }
  }

  async #recover(store: Store, { source, first, last }: PartSpan, id: number): Promise<void> {
    for (const layer of this.#layers) {
      const attempt = attemptOfRun(this.#runs[layerText(layer)] ?? 0, id)
      await recoverAttempt(store, { source: layerSource(layer, source), attempt, first, last })
    }
  }
}

function nameOf({ source, first, last }: PartSpan): string {
  return `part ${source} ${first} to ${last}`
}
