import type { Unit } from '../contract/index.ts'
import {
  LSST_DIA_OBJECT,
  LSST_DIA_SOURCE,
  LSST_MPC_ORBITS,
  LSST_SS_SOURCE
} from '../surveys/lsst-fields.ts'
import { ZTF_CANDIDATE } from '../surveys/ztf-fields.ts'
import type { Field } from '../surveys/fields.ts'

export type ScalarType = 'int64' | 'int32' | 'float64' | 'float32' | 'bool' | 'utf8'

/**
 * One column of the alert table. A dotted name is a field of a struct (`ztf.rb`,
 * `lsst.diaSource.snr`). Columns of one `list` group have equal length in every alert.
 */
export interface ColumnDef {
  readonly name: string
  readonly type: ScalarType
  readonly unit: Unit
  readonly doc: string
  readonly list?: 'history' | 'forced'
}

function column(name: string, type: ScalarType, unit: Unit, doc: string): ColumnDef {
  return { name, type, unit, doc }
}

function listColumn(
  list: 'history' | 'forced',
  name: string,
  type: ScalarType,
  unit: Unit,
  doc: string
): ColumnDef {
  return { name: `${list}_${name}`, type, unit, doc, list }
}

const CORE: readonly ColumnDef[] = [
  column('alert_id', 'int64', '', "The survey's own id: ZTF candid, LSST diaSourceId."),
  column('object_id', 'utf8', '', 'ZTF objectId, LSST diaObjectId, or ssObjectId prefixed "SSO".'),
  column('survey', 'utf8', '', '`ztf` or `lsst`.'),
  column('schema_version', 'utf8', '', "Version of the packet's writer schema."),
  column(
    'night',
    'int32',
    '',
    'YYYYMMDD. ZTF: UTC date of the exposure; LSST: date of UTC - 12 h.'
  ),
  column('mjd', 'float64', 'd', 'Time of the detection, UTC. ZTF: exposure start; LSST: midpoint.'),
  column('ra', 'float64', 'deg', 'Right ascension, J2000.'),
  column('dec', 'float64', 'deg', 'Declination, J2000.'),
  column('glon', 'float64', 'deg', 'Galactic longitude.'),
  column('glat', 'float64', 'deg', 'Galactic latitude.'),
  column('healpix', 'int64', '', 'HEALPix pixel, nested, order 15 (6.4 arcsec).'),
  column('band', 'utf8', '', 'u g r i z y; null if not sent.'),
  column('flux', 'float64', 'nJy', 'Flux of the difference image, signed.'),
  column('flux_err', 'float64', 'nJy', 'One standard deviation of flux.'),
  column('mag', 'float64', 'mag', 'AB magnitude of abs(flux).'),
  column('mag_err', 'float64', 'mag', 'One standard deviation of mag.'),
  column('mag_limit', 'float32', 'mag', '5-sigma limit of the difference image; null for LSST.'),
  column(
    'is_positive',
    'bool',
    '',
    'True when brighter than the reference: ZTF isdiffpos, LSST the sign of psfFlux.'
  )
]

const HISTORY: readonly ColumnDef[] = [
  listColumn(
    'history',
    'mjd',
    'float64',
    'd',
    'Time of the epoch, UTC; ascending, an exposure once, this alert last.'
  ),
  listColumn('history', 'band', 'utf8', '', 'Band of the epoch.'),
  listColumn(
    'history',
    'flux',
    'float64',
    'nJy',
    'Signed difference flux; null for an upper limit.'
  ),
  listColumn('history', 'flux_err', 'float64', 'nJy', 'Its standard deviation.'),
  listColumn('history', 'mag_limit', 'float32', 'mag', '5-sigma limit; null for LSST.'),
  listColumn(
    'history',
    'detected',
    'bool',
    '',
    'A detection of the survey, or LSST forced photometry at 5 sigma and more.'
  ),
  listColumn(
    'history',
    'forced',
    'bool',
    '',
    'LSST forced photometry of a visit without detection.'
  ),
  listColumn('history', 'id', 'int64', '', 'ZTF candid, LSST diaSourceId or diaForcedSourceId.'),
  listColumn('history', 'ra', 'float64', 'deg', 'Position of the detection; null for a limit.'),
  listColumn('history', 'dec', 'float64', 'deg', 'Position of the detection; null for a limit.'),
  listColumn(
    'history',
    'reliability',
    'float32',
    '',
    'Real-bogus score: ZTF rb, LSST reliability.'
  ),
  listColumn('history', 'ref_flux', 'float64', 'nJy', 'Flux of the source in the reference image.'),
  listColumn(
    'history',
    'ref_flux_err',
    'float64',
    'nJy',
    'Noise it adds to that of flux: its standard deviation; 0 for LSST forced photometry, whose flux_err holds all.'
  ),
  listColumn(
    'history',
    'ref_distance',
    'float64',
    'arcsec',
    'Distance of that source; 0 for LSST, whose template flux is forced at the position; null for its forced photometry.'
  )
]

const FORCED: readonly ColumnDef[] = [
  listColumn(
    'forced',
    'mjd',
    'float64',
    'd',
    'Time, UTC, ascending, an exposure once. ZTF fp_hists, LSST prvDiaForcedSources.'
  ),
  listColumn('forced', 'band', 'utf8', '', 'Band.'),
  listColumn('forced', 'flux', 'float64', 'nJy', 'Forced difference flux, signed.'),
  listColumn('forced', 'flux_err', 'float64', 'nJy', 'Its standard deviation.'),
  listColumn('forced', 'good', 'bool', '', 'ZTF: procstatus is 0; null for LSST.')
]

const PACKET: readonly ColumnDef[] = [
  column('packet_file', 'utf8', '', 'Where the raw packet lies: path in the lake.'),
  column('packet_offset', 'int64', '', 'First byte of the Avro datum in that file.'),
  column('packet_length', 'int32', '', 'Bytes of the Avro datum.')
]

const TYPES: Record<Field['type'], ScalarType> = {
  int: 'int32',
  long: 'int64',
  float: 'float32',
  double: 'float64',
  boolean: 'bool',
  string: 'utf8',
  bytes: 'utf8'
}

function surveyColumns(prefix: string, fields: readonly Field[]): ColumnDef[] {
  return fields.map((field) => {
    const type = TYPES[field.type]
    const isMeasure = type === 'float32' || type === 'float64' || type === 'int32'
    return column(
      `${prefix}.${field.name}`,
      type,
      isMeasure ? 'survey' : '',
      'As the survey sent it.'
    )
  })
}

const ZTF_COLUMNS: readonly ColumnDef[] = surveyColumns('ztf', ZTF_CANDIDATE)

const LSST_COLUMNS: readonly ColumnDef[] = [
  column('lsst.observation_reason', 'utf8', '', 'Why the visit was taken.'),
  column('lsst.target_name', 'utf8', '', 'Target of the visit.'),
  ...surveyColumns('lsst.diaSource', LSST_DIA_SOURCE),
  ...surveyColumns('lsst.diaObject', LSST_DIA_OBJECT),
  ...surveyColumns('lsst.ssSource', LSST_SS_SOURCE),
  ...surveyColumns('lsst.mpc_orbits', LSST_MPC_ORBITS)
]

/** The alert table before the modules: one schema for both surveys, the other survey's struct null. */
export const ALERT_COLUMNS: readonly ColumnDef[] = [
  ...CORE,
  ...HISTORY,
  ...FORCED,
  ...ZTF_COLUMNS,
  ...LSST_COLUMNS,
  ...PACKET
]
