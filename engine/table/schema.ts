import type { Unit } from '../contract/index.ts'
import { LSST_COLUMNS, ZTF_COLUMNS } from './survey-columns.ts'

export type ScalarType = 'int64' | 'int32' | 'float64' | 'float32' | 'bool' | 'utf8'

/**
 * One column of the alert table. A dotted name is a field of a struct (`ztf.rb`,
 * `lsst.diaSource.snr`). Columns of one `list` group have equal length in every alert.
 */
export interface ColumnDef {
  readonly name: string
  readonly type: ScalarType
  readonly unit: Unit
  /** What kind of quantity it is, in the words of IVOA's UCD1+. */
  readonly ucd: string
  readonly doc: string
  readonly list?: ListKind
}

/** Whose lengths a list has: those of the light curve, of the forced photometry, or its own. */
type ListKind = 'history' | 'forced' | 'own'

/** A column that decoding makes. */
export interface AlertColumn extends ColumnDef {
  readonly list?: Exclude<ListKind, 'own'>
}

function column(name: string, type: ScalarType, unit: Unit, doc: string, ucd: string): AlertColumn {
  return { name, type, unit, ucd, doc }
}

function listColumn(
  list: 'history' | 'forced',
  name: string,
  type: ScalarType,
  unit: Unit,
  doc: string,
  ucd: string
): AlertColumn {
  return { name: `${list}_${name}`, type, unit, ucd, doc, list }
}

const CORE: readonly AlertColumn[] = [
  column(
    'alert_id',
    'int64',
    '',
    "The survey's own id: ZTF candid, LSST diaSourceId.",
    'meta.id;meta.main'
  ),
  column(
    'object_id',
    'utf8',
    '',
    'ZTF objectId, LSST diaObjectId, or ssObjectId prefixed "SSO".',
    'meta.id;src'
  ),
  column('survey', 'utf8', '', '`ztf` or `lsst`.', 'meta.id;instr.experiment'),
  column('schema_version', 'utf8', '', "Version of the packet's writer schema.", 'meta.version'),
  column(
    'night',
    'int32',
    '',
    'YYYYMMDD; in the lake the name of the folder. ZTF: UTC date of the exposure; LSST: date of UTC - 12 h.',
    'time.epoch;obs'
  ),
  column(
    'mjd',
    'float64',
    'd',
    'Time of the detection, MJD, UTC. ZTF: start of the exposure; LSST: its middle.',
    'time.epoch;obs.exposure;meta.main'
  ),
  column('ra', 'float64', 'deg', 'Right ascension, ICRS.', 'pos.eq.ra;meta.main'),
  column('dec', 'float64', 'deg', 'Declination, ICRS.', 'pos.eq.dec;meta.main'),
  column('glon', 'float64', 'deg', 'Galactic longitude of ra and dec.', 'pos.galactic.lon'),
  column('glat', 'float64', 'deg', 'Galactic latitude of ra and dec.', 'pos.galactic.lat'),
  column(
    'healpix',
    'int64',
    '',
    'HEALPix pixel of ra and dec (ICRS), nested, order 15 (6.4 arcsec).',
    'pos.healpix'
  ),
  column('band', 'utf8', '', 'u g r i z y; null if not sent.', 'meta.id;instr.filter'),
  column('flux', 'float64', 'nJy', 'Flux of the difference image, signed.', 'phot.flux.density'),
  column(
    'flux_err',
    'float64',
    'nJy',
    'One standard deviation of flux.',
    'stat.error;phot.flux.density'
  ),
  column('mag', 'float64', 'mag', 'AB magnitude of abs(flux).', 'phot.mag'),
  column('mag_err', 'float64', 'mag', 'One standard deviation of mag.', 'stat.error;phot.mag'),
  column(
    'mag_limit',
    'float32',
    'mag',
    '5-sigma limit of the difference image; null for LSST.',
    'phot.mag;stat.min'
  ),
  column(
    'is_positive',
    'bool',
    '',
    'True when brighter than the reference: ZTF isdiffpos, LSST the sign of psfFlux.',
    'meta.code'
  ),
  column(
    'injected',
    'bool',
    '',
    'True of a simulated alert that siskin inject put among real ones: it is in no topic unless asked for; null in parts of older versions.',
    'meta.code'
  )
]

const HISTORY: readonly AlertColumn[] = [
  listColumn(
    'history',
    'mjd',
    'float64',
    'd',
    'Time of the epoch, MJD, UTC: ZTF start, LSST middle of the exposure; ascending, this alert last; an exposure once, of two detections the nearest to the alert.',
    'time.epoch;obs.exposure'
  ),
  listColumn('history', 'band', 'utf8', '', 'Band of the epoch.', 'meta.id;instr.filter'),
  listColumn(
    'history',
    'flux',
    'float64',
    'nJy',
    'Signed difference flux; null for an upper limit.',
    'phot.flux.density'
  ),
  listColumn(
    'history',
    'flux_err',
    'float64',
    'nJy',
    'Its standard deviation.',
    'stat.error;phot.flux.density'
  ),
  listColumn(
    'history',
    'mag_limit',
    'float32',
    'mag',
    '5-sigma limit; null for LSST.',
    'phot.mag;stat.min'
  ),
  listColumn(
    'history',
    'detected',
    'bool',
    '',
    'A detection of the survey, or LSST forced photometry at 5 sigma and more.',
    'meta.code'
  ),
  listColumn(
    'history',
    'forced',
    'bool',
    '',
    'LSST forced photometry of a visit without detection.',
    'meta.code'
  ),
  listColumn(
    'history',
    'id',
    'int64',
    '',
    'ZTF candid, LSST diaSourceId or diaForcedSourceId.',
    'meta.id;src'
  ),
  listColumn(
    'history',
    'ra',
    'float64',
    'deg',
    'Right ascension of the detection, ICRS; null for a limit.',
    'pos.eq.ra'
  ),
  listColumn(
    'history',
    'dec',
    'float64',
    'deg',
    'Declination of the detection, ICRS; null for a limit.',
    'pos.eq.dec'
  ),
  listColumn(
    'history',
    'reliability',
    'float32',
    '',
    'Real-bogus score: ZTF rb, LSST reliability.',
    'stat.probability;src.class'
  ),
  listColumn(
    'history',
    'ref_flux',
    'float64',
    'nJy',
    'Flux of the source in the reference image; LSST: templateFlux, null for its forced photometry.',
    'phot.flux.density'
  ),
  listColumn(
    'history',
    'ref_flux_err',
    'float64',
    'nJy',
    'Its standard deviation. For LSST flux_err holds it already.',
    'stat.error;phot.flux.density'
  ),
  listColumn(
    'history',
    'ref_distance',
    'float64',
    'arcsec',
    'Distance of that source; 0 for LSST, whose template flux is forced at the position; null for its forced photometry.',
    'pos.angDistance'
  ),
  listColumn(
    'history',
    'science_flux',
    'float64',
    'nJy',
    'LSST: forced flux on the science image, of the object itself; null for ZTF, which sends none.',
    'phot.flux.density'
  ),
  listColumn(
    'history',
    'science_flux_err',
    'float64',
    'nJy',
    'Its standard deviation.',
    'stat.error;phot.flux.density'
  )
]

const FORCED: readonly AlertColumn[] = [
  listColumn(
    'forced',
    'mjd',
    'float64',
    'd',
    'Time of the exposure, MJD, UTC: ZTF (fp_hists) start, LSST (prvDiaForcedSources) middle; ascending, an exposure once.',
    'time.epoch;obs.exposure'
  ),
  listColumn('forced', 'band', 'utf8', '', 'Band of the point.', 'meta.id;instr.filter'),
  listColumn(
    'forced',
    'flux',
    'float64',
    'nJy',
    'Forced difference flux, signed.',
    'phot.flux.density'
  ),
  listColumn(
    'forced',
    'flux_err',
    'float64',
    'nJy',
    'Its standard deviation.',
    'stat.error;phot.flux.density'
  ),
  listColumn('forced', 'good', 'bool', '', 'ZTF: procstatus is 0; null for LSST.', 'meta.code.qual')
]

const PACKET: readonly AlertColumn[] = [
  column(
    'packet_file',
    'utf8',
    '',
    'Where the raw packet lies: path in the lake.',
    'meta.id;meta.file'
  ),
  column(
    'packet_offset',
    'int64',
    '',
    'First byte of the packet in that file: its Avro datum, as the codec of the file has it.',
    'meta.record;meta.file'
  ),
  column('packet_length', 'int32', '', 'Bytes of the packet there.', 'meta.number;meta.file')
]

/** The alert table before the modules: one schema for both surveys, the other survey's struct null. */
export const ALERT_COLUMNS: readonly AlertColumn[] = [
  ...CORE,
  ...HISTORY,
  ...FORCED,
  ...ZTF_COLUMNS,
  ...LSST_COLUMNS,
  ...PACKET
]
