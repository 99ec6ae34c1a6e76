import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { messageOf, SiskinError } from '../../engine/errors.ts'
import { makeFolder } from '../../engine/make-folder.ts'
import { ArchiveWriter } from '../archive/archive.ts'
import type { ClassCounts } from './night.ts'
import { inOrder } from './order.ts'
import { archivePath, checkDisk, checkOptions, expectedPackets, truthPath } from './options.ts'
import type { NightPlan, SimulateOptions } from './options.ts'
import { lsstSchema, schemaId } from '../packets/schema.ts'
import { NIGHTLY } from '../survey/parameters.ts'
import { writeTruth } from './truth.ts'
import type { TruthRow } from './truth.ts'
import { makeWorkerPool } from './worker-pool.ts'
import type { WorkerPool } from './worker-pool.ts'

/** What was written. */
export interface Summary {
  readonly archives: readonly string[]
  readonly truths: readonly string[]
  /** Folder of writer schemas by registry id (LSST), or null: ZTF packets carry theirs. */
  readonly schemas: string | null
  /** Packets in the archives, damaged and second copies counted. */
  readonly packets: number
  /** Different alerts, damaged ones counted. */
  readonly alerts: number
  readonly corrupted: number
  readonly duplicates: number
  readonly late: number
  readonly bytes: number
  /** Different alerts by class. */
  readonly byClass: ClassCounts
}

class Tally {
  packets = 0
  corrupted = 0
  duplicates = 0
  late = 0
  bytes = 0
  byClass: ClassCounts = {}

  count(rows: readonly TruthRow[]): void {
    for (const row of rows) {
      this.packets++
      if (row.packet_kind === 'duplicate') this.duplicates++
      else this.byClass[row.class] = (this.byClass[row.class] ?? 0) + 1
      if (row.packet_kind === 'corrupt') this.corrupted++
      if (row.packet_kind === 'late') this.late++
    }
  }
}

/**
 * Simulates nights of a survey and writes one archive a night with its truth table beside it.
 * The same options give the same bytes, whatever `processes` is. Throws `UsageError` on options
 * that make no sense before anything is written.
 */
export async function simulate(options: SimulateOptions): Promise<Summary> {
  const plan = checkOptions(options)
  checkDisk(plan)
  const tally = new Tally()
  const archives: string[] = []
  const truths: string[] = []
  const schemas = writeSchemas(plan)
  const pool = makeWorkerPool(plan)
  const stop = () => void pool.close()
  options.signal?.addEventListener('abort', stop, { once: true })
  try {
    const expected = forecast(plan, pool)
    for (let i = 0; i < plan.nights; i++) {
      const path = archivePath(plan, plan.firstNight + i)
      const rows = await writeNight(
        plan,
        pool,
        path,
        plan.firstNight + i,
        tally,
        i,
        expected,
        options
      )
      truths.push(truthPath(path))
      writeTruth(truthPath(path), rows)
      archives.push(path)
    }
  } catch (error) {
    options.signal?.throwIfAborted() // without its workers nothing else could come
    throw error
  } finally {
    options.signal?.removeEventListener('abort', stop)
    await pool.close()
  }
  const { packets, corrupted, duplicates, late, bytes, byClass } = tally
  const alerts = packets - duplicates
  return { archives, truths, schemas, packets, alerts, corrupted, duplicates, late, bytes, byClass }
}

/** Beyond this many nights an average night is assumed. */
const PLANNED_NIGHTS = 60

/** Packets expected, from the exposures that weather and Moon leave. */
function forecast(plan: NightPlan, pool: WorkerPool): number {
  const nights = Math.min(plan.nights, PLANNED_NIGHTS)
  let exposures = 0
  for (let i = 0; i < nights; i++) exposures += pool.exposures(plan.firstNight + i)
  const average = nights * NIGHTLY[plan.survey].exposures
  return Math.ceil((expectedPackets(plan) * exposures) / average)
}

async function writeNight(
  plan: NightPlan,
  pool: WorkerPool,
  path: string,
  night: number,
  tally: Tally,
  index: number,
  expected: number,
  options: SimulateOptions
): Promise<TruthRow[]> {
  const archive = new ArchiveWriter(path)
  const rows: TruthRow[] = []
  const bytesBefore = tally.bytes
  // Written while the next chunk is made.
  let writing = Promise.resolve()
  try {
    await archive.start()
    for await (const { piece, rows: some } of inOrder(pool.night(night))) {
      options.signal?.throwIfAborted()
      await writing
      writing = archive.append(piece)
      writing.catch(() => undefined)
      for (const row of some) rows.push(row)
      tally.count(some)
      tally.bytes = bytesBefore + archive.bytes
      const { packets, bytes } = tally
      options.onProgress?.({ night: index + 1, nights: plan.nights, packets, bytes, expected })
    }
    await writing
    await archive.finish()
  } catch (error) {
    await writing.catch(() => undefined)
    await archive.abandon()
    throw error
  }
  tally.bytes = bytesBefore + archive.bytes
  return rows
}

/** LSST packets name their schema by id only: readers need the schemas in a folder. */
function writeSchemas(plan: NightPlan): string | null {
  if (plan.survey !== 'lsst') return null
  const folder = join(dirname(plan.out), 'schemas')
  try {
    makeFolder(folder)
  } catch (error) {
    throw new SiskinError(`--out ${plan.out}: ${messageOf(error)}`, 1, { cause: error })
  }
  for (const version of [plan.version, plan.nextVersion]) {
    if (version === null) continue
    const text = `${JSON.stringify(lsstSchema(version), null, 1)}\n`
    writeFileSync(join(folder, `${schemaId(version)}.avsc`), text)
  }
  return folder
}
