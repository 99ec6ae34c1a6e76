import { magFromFlux } from '../../engine/contract/index.ts'
import type { Survey } from '../../engine/contract/index.ts'
import { INJECTED_FIELD } from '../../engine/surveys/fields.ts'
import { sceneOf } from '../images/scene.ts'
import { SharedStamps } from '../images/stamps.ts'
import { historyOf } from '../observe/history.ts'
import { measure } from '../observe/photometry.ts'
import type { Measurement } from '../observe/photometry.ts'
import { LsstPacker } from '../packets/lsst-packet.ts'
import type { Packer } from '../packets/packet.ts'
import { lsstSchema, VERSIONS, ztfSchema } from '../packets/schema.ts'
import { ZtfPacker } from '../packets/ztf-packet.ts'
import type { ClassName, SkyObject } from '../population/objects.ts'
import { mix } from '../sky/random.ts'
import { drawObject } from './draw.ts'
import { ObservedSky } from './observed-sky.ts'
import type { ObservingPattern } from './observed-sky.ts'

/** One exposure of the night that had an injected object in its field, and what it made of it. */
export interface Look {
  readonly class: ClassName
  /** Number of the object, from 0. */
  readonly object: number
  /** Noiseless, AB of the difference, null where it gives no light any more; days since the onset, null where there is none. */
  readonly mag: number | null
  readonly age: number | null
  /** Where it was seen: the id of the alert, and its packet as a bare Avro datum. */
  readonly alert: { readonly id: bigint; readonly datum: Uint8Array } | null
}

/** Simulated objects in the fields of a night that was observed, and the packets that the survey would have sent. */
export class Injection {
  readonly survey: Survey
  /** Writer schema of the packets: the survey's, with the field that marks them. */
  readonly schema: string
  readonly #sky: ObservedSky
  readonly #packer: Packer
  readonly #stamps: SharedStamps

  constructor(pattern: ObservingPattern) {
    const { survey } = pattern
    this.survey = survey
    this.#sky = new ObservedSky(pattern)
    const [, ztf] = VERSIONS.ztf
    const [, lsst] = VERSIONS.lsst
    this.#packer = survey === 'ztf' ? new ZtfPacker(ztf) : new LsstPacker(lsst)
    this.#stamps = new SharedStamps(survey)
    this.schema = marked(survey === 'ztf' ? ztfSchema(ztf) : lsstSchema(lsst))
  }

  /** Looks of so many objects a class, object by object; the same at every call. */
  *looks(classes: Readonly<Record<string, number>>, seed: number): Generator<Look, void> {
    let number = 0
    for (const [name, count] of Object.entries(classes)) {
      for (let i = 0; i < count; i++) {
        const object = drawObject(this.#sky, name as ClassName, seed, number)
        if (object) yield* this.#looksOf(object, number)
        number++
      }
    }
  }

  *#looksOf(object: SkyObject, number: number): Generator<Look, void> {
    for (const exposure of this.#sky.tonight(object.field)) {
      const age = object.explosion === null ? null : exposure.mjd - object.explosion
      if (age !== null && age < 0) continue
      const found = measure(this.survey, object, exposure)
      yield {
        class: object.cls,
        object: number,
        mag: found.trueFlux === 0 ? null : magFromFlux(Math.abs(found.trueFlux)),
        age,
        alert: found.detected ? this.#alert(object, found) : null
      }
    }
  }

  #alert(object: SkyObject, found: Measurement): NonNullable<Look['alert']> {
    const history = historyOf(this.survey, this.#sky, object, found)
    const stamps = this.#stamps.of(sceneOf(this.survey, object, found), mix(object.key, 3))
    const { id, body } = this.#packer.datum({ object, found, history }, stamps)
    return { id, datum: Buffer.concat([...body.map(({ bytes }) => bytes), TRUE]) }
  }
}

const TRUE = Uint8Array.of(1)

/** The fields of a record lie one after the other: one more is a byte more. */
function marked(schema: unknown): string {
  const { fields, ...record } = schema as { fields: readonly unknown[] }
  const mark = {
    name: INJECTED_FIELD,
    type: 'boolean',
    default: false,
    doc: 'True: no alert of the survey, but one that siskin inject simulated.'
  }
  return JSON.stringify({ ...record, fields: [...fields, mark] })
}
