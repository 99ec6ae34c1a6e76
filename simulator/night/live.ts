import { makeWorkerPool } from './worker-pool.ts'
import { checkOptions, dateOf } from './options.ts'
import type { SimulateOptions } from './options.ts'
import { inOrder } from './order.ts'
import { lsstSchema, schemaId } from '../packets/schema.ts'
import { tarFiles } from '../archive/tar.ts'
import type { TarFile } from '../archive/tar.ts'
import { writeTruth } from './truth.ts'
import type { TruthRow } from './truth.ts'

/** What a live simulation is asked for: there is no archive. */
export interface LiveOptions extends Omit<SimulateOptions, 'out' | 'onProgress'> {
  /** Where the truth table is written when all packets were taken, or null. */
  readonly truth: string | null
}

/** Simulated packets as they come: some of one night. */
interface LivePackets {
  /** YYYYMMDD */
  readonly night: string
  readonly files: readonly TarFile[]
}

export interface Live {
  readonly survey: 'ztf' | 'lsst'
  /** Writer schemas of the packets by registry id (LSST); ZTF packets carry theirs. */
  readonly schemas: ReadonlyMap<number, string>
  /** Can be taken once. */
  readonly packets: AsyncGenerator<LivePackets>
}

/**
 * The packets that `simulate` would write into archives, the same bytes in the same order, made as
 * they are taken. @throws UsageError on options that make no sense.
 */
export function simulateLive({ truth, ...options }: LiveOptions): Live {
  const plan = checkOptions({ ...options, out: 'live.tar' })
  const versions = [plan.version, ...(plan.nextVersion ? [plan.nextVersion] : [])]
  const texts = versions.map((version) => [
    schemaId(version),
    JSON.stringify(lsstSchema(version), null, 1)
  ]) satisfies [number, string][]
  async function* packets(): AsyncGenerator<LivePackets> {
    const pool = makeWorkerPool(plan)
    const rows: TruthRow[] = []
    try {
      for (let night = plan.firstNight; night < plan.firstNight + plan.nights; night++) {
        for await (const { piece, rows: some } of inOrder(pool.night(night))) {
          if (truth !== null) for (const row of some) rows.push(row)
          const files = tarFiles(Buffer.concat(piece.parts))
          yield { night: dateOf(night).replaceAll('-', ''), files }
        }
      }
    } finally {
      await pool.close()
      if (truth !== null) writeTruth(truth, rows)
    }
  }
  return {
    survey: plan.survey,
    schemas: new Map(plan.survey === 'lsst' ? texts : []),
    packets: packets()
  }
}
