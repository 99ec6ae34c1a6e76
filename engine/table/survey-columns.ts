import {
  LSST_DIA_OBJECT,
  LSST_DIA_SOURCE,
  LSST_MPC_ORBITS,
  LSST_SS_SOURCE
} from '../surveys/lsst-fields.ts'
import { LSST_OBJECT_MEANING } from '../surveys/lsst-object-meaning.ts'
import { LSST_MPC_MEANING, LSST_SS_MEANING } from '../surveys/lsst-orbit-meaning.ts'
import { LSST_SOURCE_MEANING } from '../surveys/lsst-source-meaning.ts'
import type { Field } from '../surveys/fields.ts'
import type { Meaning } from '../surveys/meaning.ts'
import { ZTF_CANDIDATE } from '../surveys/ztf-fields.ts'
import { ZTF_MEANING } from '../surveys/ztf-meaning.ts'
import type { AlertColumn, ScalarType } from './schema.ts'

const TYPES: Record<Field['type'], ScalarType> = {
  int: 'int32',
  long: 'int64',
  float: 'float32',
  double: 'float64',
  boolean: 'bool',
  string: 'utf8',
  bytes: 'utf8'
}

/** Every field of a record as a column of its name, in the unit that it was sent in. */
function surveyColumns(
  prefix: string,
  fields: readonly Field[],
  meanings: ReadonlyMap<string, Meaning>
): AlertColumn[] {
  return fields.map(({ name, type }) => {
    const meaning = meanings.get(name)
    if (!meaning) throw new Error(`nothing says what ${prefix}.${name} means: see engine/surveys`)
    const { unit, doc, ucd } = meaning
    return { name: `${prefix}.${name}`, type: TYPES[type], unit, ucd, doc }
  })
}

export const ZTF_COLUMNS: readonly AlertColumn[] = surveyColumns('ztf', ZTF_CANDIDATE, ZTF_MEANING)

export const LSST_COLUMNS: readonly AlertColumn[] = [
  {
    name: 'lsst.observation_reason',
    type: 'utf8',
    unit: '',
    ucd: 'meta.note;obs',
    doc: 'Why the visit was taken.'
  },
  {
    name: 'lsst.target_name',
    type: 'utf8',
    unit: '',
    ucd: 'meta.id;obs.field',
    doc: 'Target of the visit.'
  },
  ...surveyColumns('lsst.diaSource', LSST_DIA_SOURCE, LSST_SOURCE_MEANING),
  ...surveyColumns('lsst.diaObject', LSST_DIA_OBJECT, LSST_OBJECT_MEANING),
  ...surveyColumns('lsst.ssSource', LSST_SS_SOURCE, LSST_SS_MEANING),
  ...surveyColumns('lsst.mpc_orbits', LSST_MPC_ORBITS, LSST_MPC_MEANING)
]
