import { NIGHTLY } from '../survey/parameters.ts'
import { Cadence } from '../survey/cadence.ts'
import type { Exposure } from '../survey/cadence.ts'
import { corrupt } from './corrupt.ts'
import { historyOf } from '../observe/history.ts'
import { objectsToInject } from './inject.ts'
import { LsstPacker } from '../packets/lsst-packet.ts'
import type { ClassName, SkyObject } from '../population/objects.ts'
import type { NightPlan } from './options.ts'
import { measure } from '../observe/photometry.ts'
import type { Measurement } from '../observe/photometry.ts'
import { PieceBuilder } from '../archive/piece.ts'
import type { Piece } from '../archive/piece.ts'
import { Population } from '../population/population.ts'
import { Rng, mix } from '../sky/random.ts'
import { sceneOf } from '../images/scene.ts'
import type { Alert, Packer, Packet } from '../packets/packet.ts'
import type { Version } from '../packets/schema.ts'
import { SharedStamps, render } from '../images/stamps.ts'
import type { StampSet } from '../images/stamps.ts'
import { truthOf } from './truth.ts'
import type { TruthRow } from './truth.ts'
import { ZtfPacker } from '../packets/ztf-packet.ts'

/** A part of a night that one worker makes by itself. */
export interface Chunk {
  readonly night: number
  readonly from: number
  readonly to: number
  /** Large exposures are split by chip: this part of so many. */
  readonly part: number
  readonly parts: number
}

/** What a chunk adds to the archive; `late` is to be appended some chunks later. */
export interface ChunkResult {
  readonly piece: Piece
  readonly late: Piece
  readonly rows: readonly TruthRow[]
  readonly lateRows: readonly TruthRow[]
}

const PACKETS_PER_CHUNK = 500

/** Makes the packets of nights, chunk by chunk. Holds caches only: any chunk can be made first. */
export class NightMaker {
  readonly plan: NightPlan
  readonly cadence: Cadence
  readonly population: Population
  #packers = new Map<Version, Packer>()
  #shared: SharedStamps

  constructor(plan: NightPlan) {
    this.plan = plan
    this.cadence = new Cadence(plan.survey, plan.seed)
    this.population = new Population(plan.survey, plan.seed, plan.scale)
    this.population.inject(objectsToInject(plan, this.cadence, this.population))
    this.#shared = new SharedStamps(plan.survey)
  }

  /** How a night is cut up: a function of the plan, never of who does the work. */
  chunks(night: number): Chunk[] {
    const { survey, scale } = this.plan
    const { exposures } = this.cadence.plan(night)
    const each = (NIGHTLY[survey].alerts * scale) / NIGHTLY[survey].exposures
    const parts = Math.max(1, Math.ceil(each / (2 * PACKETS_PER_CHUNK)))
    const step = Math.max(1, Math.min(64, Math.round(PACKETS_PER_CHUNK / each)))
    const chunks: Chunk[] = []
    for (let from = 0; from < exposures.length; from += step) {
      const to = Math.min(exposures.length, from + step)
      for (let part = 0; part < parts; part++) chunks.push({ night, from, to, part, parts })
    }
    return chunks
  }

  make(chunk: Chunk): ChunkResult {
    const gzip = this.plan.out.endsWith('.gz')
    const emitter = new Emitter(this.plan, gzip)
    const { exposures } = this.cadence.plan(chunk.night)
    for (const exposure of exposures.slice(chunk.from, chunk.to)) {
      const half = exposure.index >= exposures.length / 2
      const version = half ? (this.plan.nextVersion ?? this.plan.version) : this.plan.version
      for (const { object, found } of this.alerts(exposure)) {
        if (object.chip % chunk.parts !== chunk.part) continue
        const history = historyOf(this.plan.survey, this.cadence, object, found)
        const packet = this.#packer(version).pack(
          { object, found, history },
          this.#stamps(object, found)
        )
        emitter.add(packet, { object, found, history }, version)
      }
    }
    return emitter.finish()
  }

  /** The detections of one exposure, by chip. */
  alerts(exposure: Exposure): { object: SkyObject; found: Measurement }[] {
    const { survey } = this.plan
    const { field, mjd } = exposure
    const candidates = [
      this.population.residents(field).objects,
      this.population.events(field, mjd),
      this.population.singles(exposure)
    ]
    const found: { object: SkyObject; found: Measurement }[] = []
    for (const list of candidates) {
      for (const object of list) {
        const measurement = measure(survey, object, exposure)
        if (measurement.detected) found.push({ object, found: measurement })
      }
    }
    return found.sort((a, b) => a.object.chip - b.object.chip || a.object.slot - b.object.slot)
  }

  #packer(version: Version): Packer {
    const known = this.#packers.get(version)
    if (known) return known
    const made = this.plan.survey === 'ztf' ? new ZtfPacker(version) : new LsstPacker(version)
    this.#packers.set(version, made)
    return made
  }

  #stamps(object: SkyObject, found: Measurement): StampSet | null {
    const { stamps, survey } = this.plan
    if (stamps === 'none') return null
    const scene = sceneOf(survey, object, found)
    return stamps === 'shared'
      ? this.#shared.of(scene, mix(object.key, 3))
      : render(survey, scene, mix(found.key, 5), object)
  }
}

/** Puts packets into a piece and spoils some of them as the plan asks. */
class Emitter {
  #plan: NightPlan
  #piece: PieceBuilder
  #late: PieceBuilder
  #rows: TruthRow[] = []
  #lateRows: TruthRow[] = []
  /** Second copies, and after how many more packets they come. */
  #waiting: { after: number; send: () => void }[] = []

  constructor(plan: NightPlan, gzip: boolean) {
    this.#plan = plan
    this.#piece = new PieceBuilder(gzip)
    this.#late = new PieceBuilder(gzip)
  }

  add(packet: Packet, alert: Alert, version: Version): void {
    const { object, found, history } = alert
    const { survey, late, duplicates, corrupt: damaged } = this.#plan
    const rng = new Rng(mix(found.key, 29))
    const ids = { alert: packet.id, object: packet.objectId }
    const file = `${packet.id}.avro`
    const row = truthOf(survey, object, found, history, ids, 'good', file)
    const isDamaged = rng.chance(damaged)
    const isLate = rng.chance(late)
    const isDouble = rng.chance(duplicates)
    if (isDamaged) {
      const whole = Buffer.concat(packet.segments.map((segment) => segment.bytes))
      const bytes = corrupt(survey, version, whole, rng)
      this.#piece.file(file, [{ bytes }])
      this.#rows.push({ ...row, packet_kind: 'corrupt' })
    } else if (isLate) {
      this.#late.file(file, packet.segments)
      this.#lateRows.push({ ...row, packet_kind: 'late' })
    } else {
      this.#piece.file(file, packet.segments)
      this.#rows.push(row)
      if (isDouble) this.#repeat(packet, row, rng)
    }
    this.#tick()
  }

  #repeat(packet: Packet, row: TruthRow, rng: Rng): void {
    const file = `${packet.id}.2.avro`
    const send = (): void => {
      this.#piece.file(file, packet.segments)
      this.#rows.push({ ...row, packet_kind: 'duplicate', file_name: file })
    }
    this.#waiting.push({ after: rng.int(40), send })
  }

  #tick(): void {
    for (const item of this.#waiting) item.after--
    for (const item of this.#waiting.filter(({ after }) => after < 0)) item.send()
    this.#waiting = this.#waiting.filter(({ after }) => after >= 0)
  }

  finish(): ChunkResult {
    for (const item of this.#waiting) item.send()
    return {
      piece: this.#piece.take(),
      late: this.#late.take(),
      rows: this.#rows,
      lateRows: this.#lateRows
    }
  }
}

/** Alerts by class. */
export type ClassCounts = Partial<Record<ClassName, number>>
