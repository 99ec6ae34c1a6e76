import { LenientReader } from './lenient-reader.ts'
import type { Rng } from '../sky/random.ts'
import { lsstSchema, schemaId } from '../packets/schema.ts'
import type { Json, Version } from '../packets/schema.ts'
import type { Survey } from '../../engine/contract/index.ts'

interface Decoded {
  readonly candid?: number
  readonly candidate?: { readonly jd?: number; readonly ra?: number; readonly dec?: number }
  readonly diaSourceId?: number
  readonly diaSource?: {
    readonly midpointMjdTai?: number
    readonly ra?: number
    readonly dec?: number
  }
}

function decode(survey: Survey, version: Version, packet: Buffer): Decoded {
  if (survey === 'lsst') {
    if (packet[0] !== 0 || packet.readUInt32BE(1) !== schemaId(version)) throw new Error('wire')
    return new LenientReader(packet, 5).value(lsstSchema(version)) as Decoded
  }
  const reader = new LenientReader(packet, 0)
  if (reader.take(4).toString('latin1') !== 'Obj\u0001') throw new Error('magic')
  const schema = schemaOf(reader)
  reader.take(16)
  reader.long()
  reader.long()
  return reader.value(schema) as Decoded
}

/** The writer schema among the metadata of an object container. */
function schemaOf(reader: LenientReader): Json {
  let schema: Json = null
  for (let count = reader.long(); count > 0; count = reader.long()) {
    for (let i = 0; i < count; i++) {
      const key = reader.take(reader.long()).toString()
      const value = reader.take(reader.long())
      if (key === 'avro.schema') schema = JSON.parse(value.toString()) as Json
    }
  }
  return schema
}

/** True if a lenient reader can still get an identifier, a time and a position out of a packet. */
export function isUsable(survey: Survey, version: Version, packet: Buffer): boolean {
  try {
    const alert = decode(survey, version, packet)
    const id = alert.candid ?? alert.diaSourceId
    const time = alert.candidate?.jd ?? alert.diaSource?.midpointMjdTai
    const { ra, dec } = alert.candidate ?? alert.diaSource ?? {}
    return [id, time, ra, dec].every((value) => Number.isFinite(value))
  } catch {
    return false
  }
}

type Damage = (packet: Buffer, rng: Rng) => Buffer

const truncate: Damage = (packet, rng) =>
  Buffer.from(packet.subarray(0, Math.floor(packet.length * rng.between(0.05, 0.9))))

const garbage: Damage = (_, rng) => {
  const bytes = Buffer.alloc(200 + rng.int(4000))
  for (let i = 0; i < bytes.length; i++) bytes[i] = rng.int(256)
  return bytes
}

const flipBits: Damage = (packet, rng) => {
  const bytes = Buffer.from(packet)
  const count = 40 + rng.int(400)
  for (let i = 0; i < count; i++) {
    const at = rng.int(bytes.length)
    bytes[at] = (bytes[at] ?? 0) ^ (1 << rng.int(8))
  }
  return bytes
}

/** Damage to the first bytes: the container's magic, or the wire's marker and schema id. */
const flipHead: Damage = (packet, rng) => {
  const bytes = Buffer.from(packet)
  const at = rng.int(4)
  bytes[at] = (bytes[at] ?? 0) ^ (1 << rng.int(7))
  return bytes
}

const DAMAGES = [truncate, garbage, flipBits, flipHead] as const

/** Damages a packet until no reader can use it. */
export function corrupt(survey: Survey, version: Version, packet: Buffer, rng: Rng): Buffer {
  for (let attempt = 0; attempt < 8; attempt++) {
    const damaged = rng.pick(DAMAGES)(packet, rng)
    if (!isUsable(survey, version, damaged)) return damaged
  }
  return garbage(packet, rng)
}
