import { existsSync, statfsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Survey } from '../../engine/contract/index.ts'
import { UsageError } from '../../engine/errors.ts'
import { isoOf, mjdOf } from '../../engine/table/time.ts'
import { CLASSES } from '../population/objects.ts'
import type { ClassName } from '../population/objects.ts'
import { NIGHTLY } from '../survey/parameters.ts'
import { NEXT_VERSION, VERSIONS } from '../packets/schema.ts'
import type { Version } from '../packets/schema.ts'

const STAMPS = ['none', 'shared', 'full'] as const
export type Stamps = (typeof STAMPS)[number]

/** What `simulate` is asked for. Everything but `out` has a default. */
export interface SimulateOptions {
  /** Archive to write: `.tar.gz` or `.tar`. With several nights the date goes before the suffix. */
  readonly out: string
  readonly survey?: Survey
  readonly nights?: number
  /** First night, YYYY-MM-DD: ZTF the UTC date, LSST the date of UTC - 12 h. */
  readonly start?: string
  readonly seed?: number
  /** Multiplies the number of objects: 1 is a whole survey night. */
  readonly scale?: number
  /** Schema version: ZTF 3.3 or 4.02, LSST 10.0 or 11.0. */
  readonly schema?: string
  /** Extra objects by class, seen in the nights asked for. */
  readonly inject?: Readonly<Record<string, number>>
  /** Shares of packets, 0 to 1: damaged, sent twice, sent late. */
  readonly corrupt?: number
  readonly duplicates?: number
  readonly late?: number
  /** Switch to another schema version in mid-night. */
  readonly schemaChange?: boolean
  readonly stamps?: Stamps
  /** Worker threads; the bytes do not depend on it. */
  readonly processes?: number
  readonly onProgress?: (progress: Progress) => void
  readonly signal?: AbortSignal
}

/** How far a simulation is: packets and bytes written so far, packets expected in all. */
export interface Progress {
  /** From 1. */
  readonly night: number
  readonly nights: number
  readonly packets: number
  readonly bytes: number
  readonly expected: number
}

/** Options that were checked, with their defaults; plain data that can go to a worker. */
export interface NightPlan {
  readonly out: string
  readonly survey: Survey
  readonly nights: number
  /** Integer MJD of the first night. */
  readonly firstNight: number
  readonly seed: number
  readonly scale: number
  readonly version: Version
  readonly nextVersion: Version | null
  readonly inject: Readonly<Partial<Record<ClassName, number>>>
  readonly corrupt: number
  readonly duplicates: number
  readonly late: number
  readonly stamps: Stamps
  readonly processes: number
}

function wrong(option: string, value: unknown, valid: string): UsageError {
  return new UsageError(`${option} is ${JSON.stringify(value)}: ${valid}`)
}

function oneOf<T extends string>(option: string, value: string, list: readonly T[]): T {
  const found = list.find((item) => item === value)
  if (found === undefined) throw wrong(option, value, `use one of ${list.join(', ')}`)
  return found
}

function whole(option: string, value: number, least: number, most: number): number {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw wrong(option, value, `use a whole number from ${least} to ${most}`)
  }
  return value
}

function rate(option: string, value: number): number {
  if (!(value >= 0 && value <= 1)) throw wrong(option, value, 'use a share from 0 to 1')
  return value
}

/** The integer MJD of a date; a date that does not exist is refused. */
function nightOf(start: string): number {
  const time = Date.parse(`${start}T00:00:00Z`)
  const real = Number.isFinite(time) && new Date(time).toISOString().slice(0, 10) === start
  if (!/^\d{4}-\d{2}-\d{2}$/.test(start) || !real) {
    throw wrong('start', start, 'use a date that exists, as YYYY-MM-DD')
  }
  const mjd = mjdOf(time)
  if (mjd < 58300 || mjd > 73000) throw wrong('start', start, 'use a date from 2018-07-01 to 2058')
  return mjd
}

function injected(inject: Readonly<Record<string, number>>): NightPlan['inject'] {
  const valid = CLASSES.filter((name) => name !== 'sso' && name !== 'bogus')
  return Object.fromEntries(
    Object.entries(inject).map(([name, count]) => [
      oneOf('inject', name, valid),
      whole(`inject ${name}`, count, 1, 100000)
    ])
  )
}

/** Checks options and fills in defaults; throws `UsageError`. Touches nothing. */
export function checkOptions(options: SimulateOptions): NightPlan {
  const survey = oneOf('survey', options.survey ?? 'ztf', ['ztf', 'lsst'] as const)
  const { out } = options
  if (!/\.tar(\.gz)?$/.test(out)) throw wrong('out', out, 'use a name that ends in .tar or .tar.gz')
  const versions = VERSIONS[survey].slice(0, 2)
  const version = oneOf('schema', options.schema ?? versions[1] ?? '', versions)
  const scale = options.scale ?? (survey === 'ztf' ? 0.05 : 0.0005)
  if (!(scale > 0 && scale <= 10)) throw wrong('scale', scale, 'use a number above 0 and up to 10')
  return {
    out: resolve(out),
    survey,
    nights: whole('nights', options.nights ?? 1, 1, 3660),
    firstNight: nightOf(options.start ?? '2026-01-10'),
    seed: whole('seed', options.seed ?? 1, 0, 2147483647),
    scale,
    version,
    nextVersion: options.schemaChange ? (NEXT_VERSION[version] ?? null) : null,
    inject: injected(options.inject ?? {}),
    corrupt: rate('corrupt', options.corrupt ?? 0),
    duplicates: rate('duplicates', options.duplicates ?? 0),
    late: rate('late', options.late ?? 0),
    stamps: oneOf('stamps', options.stamps ?? 'shared', STAMPS),
    processes: whole('processes', options.processes ?? 1, 1, 64)
  }
}

/** Typical bytes of a packet in an archive, with and without stamps, plain and gzipped. */
const PACKET_BYTES = {
  ztf: { stamps: 68000, none: 37000, stampsGz: 44000, noneGz: 6000 },
  lsst: { stamps: 118000, none: 9000, stampsGz: 62000, noneGz: 4000 }
} as const

/** Packets that the nights of a plan are expected to hold. */
export function expectedPackets(plan: NightPlan): number {
  const extra = 1 + plan.duplicates
  return Math.ceil(NIGHTLY[plan.survey].alerts * plan.scale * plan.nights * extra)
}

/** Bytes that the archives of a plan are expected to take. */
function expectedBytes(plan: NightPlan): number {
  const sizes = PACKET_BYTES[plan.survey]
  const gzip = plan.out.endsWith('.gz')
  const bare = gzip ? sizes.noneGz : sizes.none
  const full = gzip ? sizes.stampsGz : sizes.stamps
  return expectedPackets(plan) * (plan.stamps === 'none' ? bare : full)
}

/** Refuses a plan whose archives would not fit the disk. */
export function checkDisk(plan: NightPlan): void {
  let folder = dirname(plan.out)
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder)
  const { bavail, bsize, blocks } = statfsSync(folder)
  if (blocks === 0) throw new UsageError(`--out ${plan.out}: ${folder} is on no disk`)
  const free = bavail * bsize
  const needed = expectedBytes(plan)
  if (needed * 1.05 <= free) return
  throw new UsageError(
    `scale ${plan.scale} with ${plan.nights} night(s) needs about ${sizeText(needed)}, but ${folder} has ` +
      `${sizeText(free)} free: use a smaller scale, fewer nights, stamps none, or another disk`
  )
}

/** In the largest unit of which it is one or more. */
function sizeText(bytes: number): string {
  const at = Math.min(3, Math.floor(Math.log2(Math.max(1, bytes)) / 10))
  return `${(bytes / 1024 ** at).toFixed(at === 0 ? 0 : 1)} ${['bytes', 'KiB', 'MiB', 'GiB'][at]}`
}

/** The archive of one night. */
export function archivePath(plan: NightPlan, night: number): string {
  if (plan.nights === 1) return plan.out
  const suffix = plan.out.endsWith('.tar.gz') ? '.tar.gz' : '.tar'
  return `${plan.out.slice(0, -suffix.length)}-${dateOf(night)}${suffix}`
}

/** The truth table beside an archive. */
export function truthPath(archive: string): string {
  return archive.replace(/\.tar(\.gz)?$/, '.truth.parquet')
}

/** YYYY-MM-DD of an integer MJD. */
export function dateOf(mjd: number): string {
  return isoOf(mjd).slice(0, 10)
}
