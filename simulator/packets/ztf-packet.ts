import { createHash } from 'node:crypto'
import { ZTF_FORCED, ZTF_PRV_CANDIDATE } from '../../engine/surveys/ztf-fields.ts'
import { Sink, recordWriter } from './avro-writer.ts'
import type { RecordValues } from './avro-writer.ts'
import { AB_ZERO_POINT } from '../../engine/contract/index.ts'
import { round } from '../sky/flux.ts'
import { objectName, referenceId } from './ztf-identifiers.ts'
import type { Alert, Datum, Packer, Packet } from './packet.ts'
import type { SkyObject } from '../population/objects.ts'
import type { Measurement } from '../observe/photometry.ts'
import { Rng, mix, normalAt } from '../sky/random.ts'
import { mainFields, nullFirst, ztfSchema } from './schema.ts'
import type { Version } from './schema.ts'
import type { Segment } from '../archive/segments.ts'
import { constant } from '../archive/segments.ts'
import type { StampSet } from '../images/stamps.ts'
import { chipImage, detection, limitEntry } from './ztf-detection.ts'
import type { Detection } from './ztf-detection.ts'
import { separation } from '../sky/sky.ts'
import { neighbour } from './ztf-surroundings.ts'
import { candidateValues } from './ztf-candidate.ts'

/** Makes packets of one schema version: Avro object containers of one alert each. */
export class ZtfPacker implements Packer {
  readonly version: Version
  #header: Segment
  #sync: Segment
  #sink = new Sink()
  #candidate
  #entry
  #forced

  constructor(version: Version) {
    this.version = version
    const first = nullFirst(version)
    const schema = JSON.stringify(ztfSchema(version))
    const sync = createHash('md5').update(schema).digest()
    this.#header = constant(containerHeader(schema, sync))
    this.#sync = constant(sync)
    this.#candidate = recordWriter(mainFields(version), first)
    this.#entry = recordWriter(ZTF_PRV_CANDIDATE, first)
    this.#forced = recordWriter(ZTF_FORCED, first)
  }

  pack(alert: Alert, stamps: StampSet | null): Packet {
    const { id, objectId, body } = this.datum(alert, stamps)
    return { id, objectId, segments: this.#frame(body) }
  }

  datum(alert: Alert, stamps: StampSet | null): Datum {
    const { object, found, history } = alert
    const { night, index } = found.exposure
    const objectId = objectName(object, history.firstAlert, night, index)
    const now = detection(object, found)
    const id = now.values['candid'] as bigint
    const sink = this.#sink
    sink.length = 0
    sink.string(this.version)
    sink.string('Siskin simulator')
    sink.string(objectId)
    sink.big(id)
    this.#candidate(sink, candidateValues(object, found, history, now))
    this.#list(history.recent, (past) =>
      past.detected
        ? this.#entry(sink, entryValues(object, past))
        : this.#entry(sink, limitEntry(past, object.chip))
    )
    if (nullFirst(this.version)) {
      this.#list(history.recent.toReversed(), (past) =>
        this.#forced(sink, forcedValues(object, past))
      )
    }
    return { id, objectId, body: this.#cutouts(now, id, stamps) }
  }

  /** A nullable array: one block, or an empty array. */
  #list<T>(items: readonly T[], write: (item: T) => void): void {
    const sink = this.#sink
    sink.reserve(20)
    sink.byte(nullFirst(this.version) ? 2 : 0)
    if (items.length > 0) {
      sink.long(items.length)
      for (const item of items) write(item)
      sink.reserve(1)
    }
    sink.byte(0)
  }

  #cutouts(now: Detection, id: bigint, stamps: StampSet | null): Segment[] {
    const sink = this.#sink
    const none = nullFirst(this.version) ? 0 : 2
    sink.reserve(8)
    if (!stamps) {
      for (let i = 0; i < 3; i++) sink.byte(none)
      return [{ bytes: sink.take() }]
    }
    const base = `candid${id}_pid${now.image.pid}_targ`
    const difference = now.positive ? 'scimref' : 'refmsci'
    const names = [
      `${base}_sci.fits.gz`,
      `candid${id}_ref.fits.gz`,
      `${base}_${difference}.fits.gz`
    ]
    const body: Segment[] = []
    for (const [i, stamp] of stamps.entries()) {
      sink.reserve(1)
      sink.byte(2 - none)
      sink.string(names[i] ?? '')
      sink.reserve(10)
      sink.long(stamp.bytes.length)
      body.push({ bytes: sink.take() }, stamp)
    }
    return body
  }

  #frame(body: readonly Segment[]): Segment[] {
    const size = body.reduce((sum, segment) => sum + segment.bytes.length, 0)
    const sink = this.#sink
    sink.long(1)
    sink.long(size)
    const [first, ...rest] = body
    if (first) sink.raw(first.bytes)
    return [this.#header, { bytes: sink.take() }, ...rest, this.#sync]
  }
}

function containerHeader(schema: string, sync: Buffer): Buffer {
  const sink = new Sink()
  sink.raw(Buffer.from('Obj\u0001', 'latin1'))
  sink.long(2)
  sink.string('avro.schema')
  sink.string(schema)
  sink.string('avro.codec')
  sink.string('null')
  sink.byte(0)
  sink.raw(sync)
  return sink.take()
}

/** Solar System fields of a past detection are null where the alert itself had "none". */
function entryValues(object: SkyObject, past: Measurement): RecordValues {
  const { values, image } = detection(object, past)
  return { ...values, pdiffimfilename: `${image.directory}${image.file}.fz` }
}

const FAILED = -99999
const FAILURES = ['61', '56', '55']

/** An entry of `fp_hists`; `distnr` is in arcsec there. */
function forcedValues(object: SkyObject, past: Measurement): RecordValues {
  const rng = new Rng(mix(past.key, 19))
  const { exposure } = past
  const image = chipImage(exposure, object.chip)
  const near = neighbour(object, exposure.band)
  const toDn = Math.pow(10, 0.4 * (image.magzpsci - AB_ZERO_POINT))
  const bad = rng.chance(0.12)
  const or = (value: number): number => (bad ? FAILED : value)
  const distance = Math.hypot(separation(object, near) * 3600, 0.05 * normalAt(past.key, 23))
  return {
    field: exposure.field.id,
    rcid: object.chip,
    fid: image.fid,
    pid: image.pid,
    rfid: referenceId(exposure.field.id, image.fid, object.chip),
    sciinpseeing: exposure.fwhm,
    scibckgnd: 80 + 130 * rng.uniform(),
    scisigpix: 5 + rng.gamma(2) * 2,
    magzpsci: image.magzpsci,
    magzpsciunc: image.magzpsciunc,
    magzpscirms: image.magzpscirms,
    clrcoeff: image.clrcoeff,
    clrcounc: image.clrcounc,
    exptime: 30,
    adpctdif1: round(0.09 + 0.01 * rng.normal(), 6),
    adpctdif2: round(0.085 + 0.01 * rng.normal(), 6),
    diffmaglim: exposure.limit,
    programid: 1,
    jd: image.jd,
    forcediffimflux: or(past.flux * toDn),
    forcediffimfluxunc: or(past.sigma * toDn),
    procstatus: bad ? rng.pick(FAILURES) : '0',
    distnr: or(distance),
    ranr: or(near.ra),
    decnr: or(near.dec),
    magnr: or(near.mag),
    sigmagnr: or(near.sigma),
    chinr: or(near.chi),
    sharpnr: or(near.sharp)
  }
}
