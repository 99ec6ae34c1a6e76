import {
  LSST_DIA_FORCED_SOURCE,
  LSST_DIA_OBJECT,
  LSST_DIA_SOURCE,
  LSST_MPC_ORBITS,
  LSST_NULLABLE_IN_10,
  LSST_SS_SOURCE
} from '../../engine/surveys/lsst-fields.ts'
import { ZTF_CANDIDATE, ZTF_FORCED, ZTF_PRV_CANDIDATE } from '../../engine/surveys/ztf-fields.ts'
import type { Field } from '../../engine/surveys/fields.ts'

export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [k: string]: Json }

/** The versions that can be written; the last of each survey has a field no reader knows yet. */
export const VERSIONS = {
  ztf: ['3.3', '4.02', '4.03'],
  lsst: ['10.0', '11.0', '11.1']
} as const

export type Version = (typeof VERSIONS)['ztf' | 'lsst'][number]

/** What follows a version when the schema changes in mid-night. */
export const NEXT_VERSION: Partial<Record<Version, Version>> = {
  '3.3': '4.02',
  '4.02': '4.03',
  '10.0': '11.0',
  '11.0': '11.1'
}

/** The field that versions 4.03 and 11.1 add. */
const UNKNOWN_FIELD: Field = { name: 'surveyNote', type: 'string', nullable: true }

interface Style {
  readonly nullFirst: boolean
  readonly extra: { readonly [key: string]: Json }
  readonly doc?: string
}

function union(type: Json, nullFirst: boolean): Json {
  return nullFirst ? ['null', type] : [type, 'null']
}

function fieldSchema(field: Field, style: Style): Json {
  const doc = style.doc === undefined ? {} : { doc: `${field.name}: ${style.doc}` }
  if (!field.nullable) return { name: field.name, type: field.type, ...doc }
  const type = union(field.type, style.nullFirst)
  return { name: field.name, type, default: null, ...doc }
}

function record(name: string, fields: readonly Field[], style: Style): Json {
  return {
    type: 'record',
    name,
    ...style.extra,
    fields: fields.map((field) => fieldSchema(field, style))
  }
}

/** True where ZTF writes `null` as the first branch of its unions. */
export function nullFirst(version: Version): boolean {
  return version !== '3.3'
}

/** The fields of the main record of a version: ZTF candidate or LSST diaSource. */
export function mainFields(version: Version): readonly Field[] {
  if (version === '11.1') return [...LSST_DIA_SOURCE, UNKNOWN_FIELD]
  if (version === '10.0') return relaxed('diaSource', LSST_DIA_SOURCE)
  if (version === '11.0') return LSST_DIA_SOURCE
  return version === '4.03' ? [...ZTF_CANDIDATE, UNKNOWN_FIELD] : ZTF_CANDIDATE
}

/** The fields of diaObject in an LSST version. */
export function diaObjectFields(version: Version): readonly Field[] {
  return version === '10.0' ? relaxed('diaObject', LSST_DIA_OBJECT) : LSST_DIA_OBJECT
}

function relaxed(record: string, fields: readonly Field[]): readonly Field[] {
  return fields.map((field) =>
    LSST_NULLABLE_IN_10.includes(`${record}.${field.name}`) ? { ...field, nullable: true } : field
  )
}

/** The ZTF alert schema (avro-alert, schema/alert.avsc) of a version, as the survey sends it. */
export function ztfSchema(version: Version): Json {
  const first = nullFirst(version)
  const doc = 'see the ZTF alert schema documentation for the unit'
  const style: Style = { nullFirst: first, extra: { namespace: 'ztf.alert', version }, doc }
  const list = (items: Json): Json => union({ type: 'array', items }, first)
  const optional = (name: string, type: Json): Json => ({ name, type, default: null })
  const cutout = record('cutout', CUTOUT, style)
  const forced = list(record('fp_hist', ZTF_FORCED, style))
  return {
    type: 'record',
    ...(first ? { name: 'ztf.alert' } : { name: 'alert', namespace: 'ztf' }),
    doc: 'avro alert schema for ZTF (www.ztf.caltech.edu)',
    version,
    fields: [
      { name: 'schemavsn', type: 'string', doc: 'schema version used' },
      { name: 'publisher', type: 'string', doc: 'origin of alert packet' },
      { name: 'objectId', type: 'string', doc: 'object identifier or name' },
      { name: 'candid', type: 'long' },
      { name: 'candidate', type: record('candidate', mainFields(version), style) },
      optional('prv_candidates', list(record('prv_candidate', ZTF_PRV_CANDIDATE, style))),
      ...(first ? [optional('fp_hists', forced)] : []),
      optional('cutoutScience', union(cutout, first)),
      optional('cutoutTemplate', union('ztf.alert.cutout', first)),
      optional('cutoutDifference', union('ztf.alert.cutout', first))
    ]
  }
}

const CUTOUT: readonly Field[] = [
  { name: 'fileName', type: 'string', nullable: false },
  { name: 'stampData', type: 'bytes', nullable: false }
]

/** The schema id on the wire: major * 100 + minor (lsst alert_packet). */
export function schemaId(version: Version): number {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major * 100 + minor
}

/** The LSST alert schema (lsst alert_packet) of a version. */
export function lsstSchema(version: Version): Json {
  const namespace = `lsst.v${version.replace('.', '_')}`
  const style: Style = { nullFirst: true, extra: { namespace } }
  const optional = (name: string, type: Json): Json => ({
    name,
    type: ['null', type],
    default: null
  })
  const list = (items: Json): Json => ({ type: 'array', items })
  const part = (name: string, fields: readonly Field[]): Json => record(name, fields, style)
  return {
    namespace,
    type: 'record',
    name: 'alert',
    fields: [
      { name: 'diaSourceId', type: 'long' },
      optional('observation_reason', 'string'),
      optional('target_name', 'string'),
      { name: 'diaSource', type: part('diaSource', mainFields(version)) },
      optional('prvDiaSources', list(`${namespace}.diaSource`)),
      optional('prvDiaForcedSources', list(part('diaForcedSource', LSST_DIA_FORCED_SOURCE))),
      optional('diaObject', part('diaObject', diaObjectFields(version))),
      optional('ssSource', part('ssSource', LSST_SS_SOURCE)),
      optional('mpc_orbits', part('mpc_orbits', LSST_MPC_ORBITS)),
      optional('cutoutDifference', 'bytes'),
      optional('cutoutScience', 'bytes'),
      optional('cutoutTemplate', 'bytes')
    ]
  }
}
