import type { Field } from '../../engine/surveys/fields.ts'
import {
  LSST_DIA_FORCED_SOURCE,
  LSST_DIA_OBJECT,
  LSST_DIA_SOURCE,
  LSST_MPC_ORBITS,
  LSST_SS_SOURCE
} from '../../engine/surveys/lsst-fields.ts'
import { ZTF_CANDIDATE, ZTF_FORCED, ZTF_PRV_CANDIDATE } from '../../engine/surveys/ztf-fields.ts'
import { typeOf } from './avro.ts'
import type { Datum } from './avro.ts'

/** A field of an Avro record as JSON. */
export interface SchemaField {
  name: string
  type: unknown
}

export interface RecordSchema {
  type: 'record'
  name: string
  namespace?: string
  fields: SchemaField[]
}

function record(name: string, fields: readonly Field[]): RecordSchema {
  return {
    type: 'record',
    name,
    fields: fields.map(({ name, type, nullable }) => ({
      name,
      type: nullable ? ['null', type] : type
    }))
  }
}

function field(name: string, type: unknown): SchemaField {
  return { name, type }
}

function listOf(schema: RecordSchema): unknown {
  return ['null', { type: 'array', items: schema }]
}

/** A ZTF alert schema as 4.02 has it. */
export function ztfSchema(): RecordSchema {
  const stampFields = [field('fileName', 'string'), field('stampData', 'bytes')]
  const stamp = { type: 'record', name: 'cutout', fields: stampFields }
  return {
    type: 'record',
    name: 'alert',
    namespace: 'ztf',
    fields: [
      ...['schemavsn', 'publisher', 'objectId'].map((name) => field(name, 'string')),
      field('candid', 'long'),
      field('candidate', record('candidate', ZTF_CANDIDATE)),
      field('prv_candidates', listOf(record('prv_candidate', ZTF_PRV_CANDIDATE))),
      field('fp_hists', listOf(record('fp_hist', ZTF_FORCED))),
      field('cutoutScience', ['null', stamp]),
      field('cutoutTemplate', ['null', 'cutout']),
      field('cutoutDifference', ['null', 'cutout'])
    ]
  }
}

/** An LSST alert schema as 11.0 has it. */
export function lsstSchema(): RecordSchema {
  return {
    type: 'record',
    name: 'alert',
    namespace: 'lsst.v11_0',
    fields: [
      field('diaSourceId', 'long'),
      field('observation_reason', ['null', 'string']),
      field('target_name', ['null', 'string']),
      field('diaSource', record('diaSource', LSST_DIA_SOURCE)),
      field('prvDiaSources', ['null', { type: 'array', items: 'diaSource' }]),
      field('prvDiaForcedSources', listOf(record('diaForcedSource', LSST_DIA_FORCED_SOURCE))),
      field('diaObject', ['null', record('diaObject', LSST_DIA_OBJECT)]),
      field('ssSource', ['null', record('ssSource', LSST_SS_SOURCE)]),
      field('mpc_orbits', ['null', record('mpc_orbits', LSST_MPC_ORBITS)]),
      ...['cutoutDifference', 'cutoutScience', 'cutoutTemplate'].map((name) =>
        field(name, ['null', 'bytes'])
      )
    ]
  }
}

const ZERO: Record<Field['type'], unknown> = {
  int: 1,
  long: 1n,
  float: 0.25,
  double: 0.125,
  boolean: false,
  string: 'x',
  bytes: Buffer.of(1)
}

/** Values for a record: nullable fields null, the others something plain. */
function plain(fields: readonly Field[], over: Datum): Datum {
  const values = fields.map(({ name, type, nullable }) => [name, nullable ? null : ZERO[type]])
  return { ...(Object.fromEntries(values) as Datum), ...over }
}

/** 2019-01-09 06:15:30 UTC. */
export const ZTF_JD = 2_458_492.760_763_9
/** Beyond 2^53: no JavaScript number holds it. */
export const ZTF_ID = 739_260_766_315_010_007n

/** A ZTF alert: two detections and two upper limits before it, one forced measurement, three stamps. */
export function ztfAlert(index = 0, over: Datum = {}, candidate: Datum = {}): Datum {
  const candid = ZTF_ID + BigInt(index) * 1000n
  const past = (days: number, values: Datum = {}) =>
    plain(ZTF_PRV_CANDIDATE, { jd: ZTF_JD - days, fid: 2, diffmaglim: 20.5, ...values })
  const seen = { magpsf: 18.5, sigmapsf: 0.125, isdiffpos: 't', ra: 150.0001, dec: 2, rb: 0.75 }
  const stamp = (name: string) => ({ fileName: `${name}.fits`, stampData: stampBytes(index, name) })
  return {
    schemavsn: '4.02',
    publisher: 'test',
    objectId: `ZTF19aaaa${String(index).padStart(3, '0')}`,
    candid,
    candidate: plain(ZTF_CANDIDATE, {
      jd: ZTF_JD,
      fid: 1,
      candid,
      ra: 150 + (index % 360) / 4,
      dec: 2,
      isdiffpos: 't',
      magpsf: 18,
      sigmapsf: 0.0625,
      rb: 0.875,
      magnr: 17,
      sigmagnr: 0.03125,
      distnr: 0.5,
      diffmaglim: 20.25,
      ...candidate
    }),
    prv_candidates: [
      past(5.5),
      past(4, { candid: candid - 2n, ...seen }),
      past(2.5),
      past(1, { candid: candid - 1n, ...seen, isdiffpos: 'f' })
    ],
    fp_hists: [plain(ZTF_FORCED, { jd: ZTF_JD - 1, fid: 2, magzpsci: 26.25, procstatus: '0' })],
    cutoutScience: stamp('science'),
    cutoutTemplate: stamp('template'),
    cutoutDifference: stamp('difference'),
    ...over
  }
}

function stampBytes(index: number, name: string): Buffer {
  return Buffer.from(`${name} of ${index}`.repeat(20))
}

/** 2025-06-01 04:48 UTC less the 37 s that TAI is ahead. */
export const LSST_MJD_TAI = 60_827.2
export const LSST_ID = 169_813_006_111_211_570n

/** An LSST alert: two detections and two forced measurements, one of them of a visit with a detection. */
export function lsstAlert(index = 0, over: Datum = {}, diaSource: Datum = {}): Datum {
  const diaSourceId = LSST_ID + BigInt(index)
  const source = (days: number, values: Datum = {}) =>
    plain(LSST_DIA_SOURCE, {
      midpointMjdTai: LSST_MJD_TAI - days,
      visit: BigInt(9000 - days),
      ra: 53.125 + (index % 360) / 8,
      dec: -28.25,
      band: 'r',
      psfFlux: 2000,
      psfFluxErr: 100,
      reliability: 0.875,
      diaObjectId: 5n,
      ...values
    })
  const forced = (days: number, values: Datum) =>
    plain(LSST_DIA_FORCED_SOURCE, {
      diaForcedSourceId: BigInt(days),
      midpointMjdTai: LSST_MJD_TAI - days,
      visit: BigInt(9000 - days),
      band: 'i',
      ...values
    })
  return {
    diaSourceId,
    observation_reason: 'survey',
    target_name: null,
    diaSource: source(0, { diaSourceId, ...diaSource }),
    prvDiaSources: [
      source(5, { diaSourceId: diaSourceId - 2000n }),
      source(2, { diaSourceId: diaSourceId - 1000n })
    ],
    prvDiaForcedSources: [
      forced(5, { psfFlux: 1500, psfFluxErr: 100 }),
      forced(4, { psfFlux: 100, psfFluxErr: 50 }),
      forced(3, { psfFlux: -600, psfFluxErr: 100 })
    ],
    diaObject: plain(LSST_DIA_OBJECT, { diaObjectId: 5n, nDiaSources: 3 }),
    ssSource: null,
    mpc_orbits: null,
    cutoutDifference: stampBytes(index, 'difference'),
    cutoutScience: stampBytes(index, 'science'),
    cutoutTemplate: null,
    ...over
  }
}

const types = new Map<string, ReturnType<typeof typeOf>>()

/** The Avro datum of an alert, without container or wire head. */
export function encode(schema: RecordSchema, alert: Datum): Buffer {
  const text = JSON.stringify(schema)
  let type = types.get(text)
  if (!type) {
    type = typeOf(text)
    types.set(text, type)
  }
  return type.toBuffer(alert)
}
