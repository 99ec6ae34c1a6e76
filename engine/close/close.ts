import type { Survey } from '../contract/index.ts'
import { SiskinError } from '../errors.ts'
import { closedSource } from '../lake/closed.ts'
import { attemptOfRun, commit, recover } from '../lake/file-commit.ts'
import { layerText } from '../lake/layer-name.ts'
import { claimedLayers, isPlanned, recoverLayer } from '../lake/layer-claims.ts'
import { layersIn } from '../lake/layers.ts'
import { lastSpan } from '../lake/ledger.ts'
import type { PartRecord } from '../lake/ledger.ts'
import { checkRun, CLOSING, isClaimed, RunClaim, WHOLE_LAKE } from '../lake/run-claim.ts'
import { recordsAt } from '../lake/records.ts'
import { drop } from '../lake/two-phase-commit.ts'
import type { OnStep } from '../lake/two-phase-commit.ts'
import { collectLessOften } from '../making/collector.ts'
import { nightsIn } from '../reread/alert-files.ts'
import type { Store } from '../store/store.ts'
import { DamagedFile } from './damaged.ts'
import { groupsOf } from './groups.ts'
import type { Group } from './groups.ts'
import { makeClosed } from './make-closed.ts'
import { takeable } from './taking.ts'
import type { Found, Takeable } from './taking.ts'
import { ThreadsOfClose } from './threads.ts'
import type { CloseThreads } from './threads.ts'

/** A night of a survey. */
export interface ClosingNight {
  readonly survey: Survey
  readonly night: number
}

export interface CloseSizes {
  /** Bytes of a file of alerts, and of packets or messages, from which on the next is begun. */
  readonly alerts: number
  readonly packets: number
  /** Alerts of a row group. */
  readonly rowGroup: number
  /** Bytes of alerts that are held in memory at a time. */
  readonly memory: number
}

export interface CloseOptions {
  readonly store: Store
  readonly nights: readonly ClosingNight[]
  readonly sizes: CloseSizes
  /** Threads that unpack and pack alerts; 1: this one. The files do not depend on it. */
  readonly threads: number
  readonly command: string
  readonly onStep: OnStep
  readonly onProgress: (progress: CloseProgress) => void
  readonly onLog: (level: 'info' | 'warn', message: string) => void
}

type NightOptions = Omit<CloseOptions, 'threads'> & { readonly threads: ThreadsOfClose }

export interface CloseProgress {
  readonly night: ClosingNight
  readonly bytes: number
  readonly bytesTotal: number
}

export interface ClosedNight extends ClosingNight {
  /** Parts that were merged now, and what they became; none where there was nothing to do. */
  readonly parts: number
  readonly alerts: number
  readonly copies: number
  readonly filesBefore: number
  readonly filesAfter: number
  readonly bytesBefore: number
  readonly bytesAfter: number
  readonly layers: readonly string[]
  readonly waiting: number
  readonly broken: Found['broken']
  readonly seconds: number
}

/** All nights that a lake has, of one survey or of all. */
export async function nightsOfLake(store: Store, survey: Survey | null): Promise<ClosingNight[]> {
  const nights: ClosingNight[] = []
  for (const own of ['ztf', 'lsst'] as const) {
    if (survey !== null && survey !== own) continue
    for (const night of await nightsIn(store, own)) nights.push({ survey: own, night })
  }
  return nights
}

/**
 * Makes few files of the many parts of nights. What lands meanwhile, or later, stays a part of its own until the next close;
 * a night of which nothing lies open is left as it is.
 */
export async function closeNights(options: CloseOptions): Promise<ClosedNight[]> {
  const { nights } = options
  const claims = await claim(options)
  const closed: ClosedNight[] = []
  collectLessOften()
  const threads = new ThreadsOfClose(options.store, options.threads)
  try {
    const work = { ...options, threads }
    for (const night of nights) closed.push(await closeNight(work, night, claims.closing.run))
  } finally {
    await threads.close()
    for (const own of Object.values(claims)) await own.release()
  }
  return closed
}

/**
 * One close at a time, and neither repair nor reprocessing beside it: they change what lies there. Runs and streams only add
 * to it. Whoever is second of two finds the claim of the first, for each looks behind its own.
 * @throws SiskinError that names who is at work
 */
async function claim({ store, command, onLog }: CloseOptions) {
  const closing = await RunClaim.take(store, CLOSING, command)
  try {
    const whole = await RunClaim.take(store, WHOLE_LAKE, command)
    try {
      await expectNoReprocessing(store, command, onLog)
      return { whole, closing }
    } catch (error) {
      await whole.release()
      throw error
    }
  } catch (error) {
    await closing.release()
    throw error
  }
}

/** Tasks of a plan are taken by who says so nowhere: from now on none of them can be committed, until it is planned anew. */
async function expectNoReprocessing(
  store: Store,
  command: string,
  onLog: CloseOptions['onLog']
): Promise<void> {
  for (const layer of await claimedLayers(store)) {
    const text = layerText(layer)
    if (await isClaimed(store, text)) {
      throw new SiskinError(
        `${text} of the lake ${store.root} is being written by siskin reprocess: wait for it, or stop it, then close again`
      )
    }
    if (!(await isPlanned(store, layer))) continue
    const claim = await RunClaim.take(store, text, command)
    await recoverLayer(store, layer, claim.run, onLog)
    await claim.release()
  }
}

async function closeNight(
  options: NightOptions,
  night: ClosingNight,
  run: number
): Promise<ClosedNight> {
  const { store, onLog } = options
  const started = performance.now()
  const source = closedSource(night.survey, night.night)
  const recovered = await recover(store, source, run)
  for (const part of recovered.finished)
    onLog('info', `${part}: what a close that was cut off had begun is finished`)
  const found = await takeable(store, night, await layersIn(store))
  const closing = new Closing(options, night, run)
  await closing.all(found.parts)
  const seconds = (performance.now() - started) / 1000
  const broken = [...found.broken, ...closing.broken]
  const sums = summed(closing.taken, closing.records)
  return { ...night, ...sums, waiting: found.waiting, broken, seconds }
}

class Closing {
  readonly records: PartRecord[] = []
  readonly taken: Takeable[] = []
  readonly broken: Found['broken'][number][] = []
  readonly #options: NightOptions
  readonly #night: ClosingNight
  readonly #run: number
  #attempts = 0
  #bytes = 0

  constructor(options: NightOptions, night: ClosingNight, run: number) {
    this.#options = options
    this.#night = night
    this.#run = run
  }

  /** Parts with a file that is damaged are left out, and what was begun with them is begun again without. */
  async all(parts: readonly Takeable[]): Promise<void> {
    const { sizes } = this.#options
    const threads = this.#options.threads.for(parts.length)
    const { groups, broken } = await groupsOf(threads, parts, sizes.memory / 2)
    this.broken.push(...broken)
    for (const group of groups) {
      try {
        await this.#one(group, threads, bytesOf(parts.flatMap(({ files }) => files)))
      } catch (error) {
        if (!(error instanceof DamagedFile)) throw error
        const isOf = ({ files, layers }: Takeable) =>
          [...files, ...layers.flatMap((own) => own.files)].some(({ path }) => path === error.path)
        const bad = group.parts.find(isOf)
        if (!bad) throw error
        this.broken.push({ part: bad.record.part, reason: error.message })
        await this.all(group.parts.filter((part) => part !== bad))
      }
    }
  }

  async #one(group: Group, threads: CloseThreads, bytesTotal: number): Promise<void> {
    const { store, onStep, onProgress } = this.#options
    const night = this.#night
    const source = closedSource(night.survey, night.night)
    const nth = ((await lastSpan(store, source))?.last ?? -1) + 1
    const attempt = attemptOfRun(this.#run, this.#attempts++)
    const before = await Array.fromAsync(closedBefore(store, source, nth))
    const onBytes = (bytes: number) =>
      onProgress({ night, bytes: (this.#bytes += bytes), bytesTotal })
    const work = { ...this.#options, threads, night, source, nth, attempt, group, before, onBytes }
    try {
      const record = await makeClosed(work)
      await commit(store, record, [], () => checkRun(store, CLOSING, this.#run), onStep)
      this.records.push(record)
      this.taken.push(...group.parts)
    } catch (error) {
      if (error instanceof DamagedFile)
        await drop(store, { source, attempt, first: nth, last: nth })
      throw error
    }
  }
}

async function* closedBefore(store: Store, source: string, nth: number) {
  const spans = Array.from({ length: nth }, (_, i) => ({ first: i, last: i }))
  yield* recordsAt(store, source, spans)
}

function summed(
  parts: readonly Takeable[],
  records: readonly PartRecord[]
): Omit<ClosedNight, keyof ClosingNight | 'seconds' | 'waiting' | 'broken'> {
  const before = parts.flatMap(({ files, layers }) => [
    ...files,
    ...layers.flatMap((own) => own.files)
  ])
  const after = records.flatMap(({ files }) => files)
  const layers = parts.flatMap((part) =>
    part.layers.map(({ layer }) => `${layer.name}@${layer.version}`)
  )
  return {
    parts: parts.length,
    alerts: records.reduce((sum, { alerts }) => sum + alerts, 0),
    copies: records.reduce((sum, { closes }) => sum + (closes?.copies ?? 0), 0),
    filesBefore: before.length,
    filesAfter: after.length,
    bytesBefore: bytesOf(before),
    bytesAfter: bytesOf(after),
    layers: [...new Set(layers)].sort()
  }
}

function bytesOf(files: readonly { readonly bytes: number }[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0)
}
