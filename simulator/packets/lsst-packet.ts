import {
  LSST_DIA_FORCED_SOURCE,
  LSST_MPC_ORBITS,
  LSST_SS_SOURCE
} from '../../engine/surveys/lsst-fields.ts'
import { Sink, recordWriter } from './avro-writer.ts'
import type { RecordValues, RecordWriter } from './avro-writer.ts'
import type { History } from '../observe/history.ts'
import { diaSourceId, ssObjectId } from './lsst-identifiers.ts'
import { movingValues, orbitValues } from './lsst-moving.ts'
import { objectValues } from './lsst-object.ts'
import { CLEAN, forcedValues, isNamed, sourceValues } from './lsst-source.ts'
import type { Alert, Datum, Packer, Packet } from './packet.ts'
import type { SkyObject } from '../population/objects.ts'
import type { Measurement } from '../observe/photometry.ts'
import { diaObjectFields, mainFields, schemaId } from './schema.ts'
import type { Version } from './schema.ts'
import type { Segment } from '../archive/segments.ts'
import type { StampSet } from '../images/stamps.ts'

/** Longest lists in a packet: keeps it far below 1 MB and costs bounded. */
const MOST_SOURCES = 60
const MOST_FORCED = 120

/** Forced photometry starts this many days before the first source. */
const PRECOVERY = 30

/** Makes packets of one schema version, in Confluent wire format. */
export class LsstPacker implements Packer {
  readonly version: Version
  #sink = new Sink()
  #source: RecordWriter
  #forced = recordWriter(LSST_DIA_FORCED_SOURCE, true)
  #object: RecordWriter
  #moving = recordWriter(LSST_SS_SOURCE, true)
  #orbit = recordWriter(LSST_MPC_ORBITS, true)

  constructor(version: Version) {
    this.version = version
    this.#source = recordWriter(mainFields(version), true, CLEAN)
    this.#object = recordWriter(diaObjectFields(version), true)
  }

  pack(alert: Alert, stamps: StampSet | null): Packet {
    const { id, objectId, body } = this.datum(alert, stamps)
    const [first, ...rest] = body
    const wire = Buffer.alloc(5)
    wire.writeUInt32BE(schemaId(this.version), 1)
    const bytes = Buffer.concat([wire, first!.bytes])
    return { id, objectId, segments: [{ bytes }, ...rest] }
  }

  datum(alert: Alert, stamps: StampSet | null): Datum {
    const { object, found, history } = alert
    const { exposure } = found
    const id = diaSourceId(object, exposure)
    const sink = this.#sink
    sink.length = 0
    sink.reserve(64)
    sink.big(id)
    this.#text(`pairs_33_${exposure.band}`)
    this.#text(Math.abs(exposure.field.glat) > 15 ? 'lowdust' : 'dusty_plane')
    // The survey names an object by its first source.
    const born = diaSourceId(object, history.birth)
    this.#source(sink, sourceValues(object, found, born, true))
    const named = isNamed(object)
    if (named) this.#solarSystem(object, found)
    else this.#static(object, found, history, born)
    const { moving } = object
    const objectId = named && moving ? `SSO${ssObjectId(moving.packed)}` : String(born)
    return { id, objectId, body: this.#cutouts(stamps) }
  }

  #text(value: string): void {
    this.#sink.reserve(1)
    this.#sink.byte(2)
    this.#sink.string(value)
    this.#sink.reserve(8)
  }

  /** Lists and diaObject of an object that stays where it is; no ssSource, no orbit. */
  #static(object: SkyObject, found: Measurement, history: History, id: bigint): void {
    const sink = this.#sink
    const detections = history.recent.filter((past) => past.detected)
    const past = detections.slice(-MOST_SOURCES)
    const since = (detections[0] ?? found).exposure.mjd - PRECOVERY
    const forced = history.recent.filter((point) => point.exposure.mjd >= since).slice(-MOST_FORCED)
    this.#list(past.length === 0 ? null : past, (point) =>
      this.#source(sink, sourceValues(object, point, id, false))
    )
    this.#list(forced, (point) => this.#forced(sink, forcedValues(object, point, id)))
    const sources = [...detections, found]
    const values = objectValues(object, id, sources, forced, this.version)
    this.#optional(this.#object, values)
    this.#nothing(2)
  }

  #solarSystem(object: SkyObject, found: Measurement): void {
    const { moving } = object
    if (!moving) throw new Error('not a moving object')
    this.#nothing(3)
    this.#optional(this.#moving, movingValues(object, moving, found))
    this.#optional(this.#orbit, orbitValues(moving))
  }

  #optional(write: RecordWriter, values: RecordValues): void {
    this.#sink.reserve(1)
    this.#sink.byte(2)
    write(this.#sink, values)
  }

  #nothing(count: number): void {
    this.#sink.reserve(count)
    for (let i = 0; i < count; i++) this.#sink.byte(0)
  }

  #list<T>(items: readonly T[] | null, write: (item: T) => void): void {
    const sink = this.#sink
    sink.reserve(16)
    if (items === null) {
      sink.byte(0)
      return
    }
    sink.byte(2)
    if (items.length > 0) {
      sink.long(items.length)
      for (const item of items) write(item)
      sink.reserve(1)
    }
    sink.byte(0)
  }

  /** Difference, science, template: plain bytes. */
  #cutouts(stamps: StampSet | null): Segment[] {
    const sink = this.#sink
    if (!stamps) {
      this.#nothing(3)
      return [{ bytes: sink.take() }]
    }
    const [science, template, difference] = stamps
    const segments: Segment[] = []
    for (const stamp of [difference, science, template]) {
      sink.reserve(12)
      sink.byte(2)
      sink.long(stamp.bytes.length)
      segments.push({ bytes: sink.take() }, stamp)
    }
    return segments
  }
}
