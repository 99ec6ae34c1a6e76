import type { Survey } from '../contract/index.ts'
import { PacketError } from '../reasons.ts'
import type { AlertTable } from '../table/table.ts'
import type { Avro, AvroRecord } from '../avro/schema.ts'
import type { Sinks } from '../avro/compile.ts'

/** What a reader must know of the schema that a packet was written with. */
export interface SchemaFacts {
  readonly version: string
  /** By what fluxes in it are multiplied, to be in nJy. */
  readonly fluxScale: number
}

/** What turns a survey's packets into the alert table. */
export interface SurveyReader {
  readonly survey: Survey
  readonly table: AlertTable
  /** As the table's columns are now: taken anew when it grew. */
  readonly sinks: Sinks
  /**
   * Completes row `row` after its fields landed: sentinels to null, time, position, brightness,
   * history. Throws PacketError when the alert lacks what the table cannot do without.
   */
  finish(row: number, schema: SchemaFacts): void
  /** Takes the finished row for good: what comes after can't take it back. */
  keep(): void
  /** Forgets all that row `row` left behind: the packet failed, or was seen before. */
  rollback(row: number): void
}

interface Marks {
  /** First words of the namespaces that the survey's schemas have; '' where a broker took it off. */
  readonly namespaces: readonly string[]
  /** The record that carries the detection. */
  readonly detection: string
  /** Fields of it that no other survey has together; a name in two versions is one. */
  readonly fields: readonly (readonly string[])[]
  /** How many of them it takes: schemas come and go, and a field with them. */
  readonly least: number
  /** The same where no namespace says whose they are: copies of ZTF's packets have up to eleven. */
  readonly unnamed: number
}

/**
 * What identifies a survey: other telescopes copied the shape of ZTF's packets (`candidate` with jd,
 * fid, isdiffpos …: Gattini, WINTER, TURBO), with other bands and magnitudes under the same names.
 */
const MARKS: Record<Survey, Marks> = {
  ztf: {
    namespaces: ['ztf', ''],
    detection: 'candidate',
    fields: [
      ['pid'],
      ['programid'],
      ['rcid'],
      ['field'],
      ['nid'],
      ['rfid'],
      ['magpsf'],
      ['isdiffpos'],
      ['ndethist'],
      ['ncovhist'],
      ['sgscore1', 'sgscore'],
      ['distpsnr1', 'distpsnr'],
      ['ssnamenr'],
      ['magnr']
    ],
    least: 10,
    unnamed: 12
  },
  lsst: {
    namespaces: ['lsst', 'elasticc', ''],
    detection: 'diaSource',
    fields: [
      ['diaSourceId'],
      ['diaObjectId'],
      ['midpointMjdTai', 'midPointTai'],
      ['psfFlux', 'psFlux'],
      ['psfFluxErr', 'psFluxErr'],
      ['band', 'filterName'],
      ['ra']
    ],
    least: 4,
    unnamed: 6
  }
}

/** @throws PacketError `wrong-survey`, saying whose packet it is not, if it is of no survey we read. */
export function surveyOf(root: Avro): Survey {
  const name = root.kind === 'record' ? root.name : ''
  const namespace = spaceOf(root)
  const reasons: string[] = []
  for (const survey of ['ztf', 'lsst'] as const) {
    const { namespaces, detection, fields, least, unnamed } = MARKS[survey]
    const record = recordAt(root, detection)
    if (record === null) continue
    const own = new Set(record.fields.map((field) => field.name))
    const marks = fields.filter((names) => names.some((one) => own.has(one))).length
    const wanted = namespace === '' ? unnamed : least
    if (namespaces.includes(namespace) && marks >= wanted) return survey
    const why = namespaces.includes(namespace)
      ? `${detection} has ${marks} of the ${fields.length} fields that tell it`
      : `its namespace is "${namespace}"`
    reasons.push(`the schema "${name}" is not of ${survey.toUpperCase()}: ${why}`)
  }
  throw new PacketError(
    'wrong-survey',
    reasons.join('; ') || 'the schema has neither candidate (ZTF) nor diaSource (LSST)'
  )
}

/** The first word of a record's namespace, in small letters; '' for none. */
export function spaceOf(type: Avro | null): string {
  if (type?.kind !== 'record' || !type.name.includes('.')) return ''
  return type.name.slice(0, type.name.indexOf('.')).toLowerCase()
}

/** The record at a field of the top level; null if there is none. */
export function recordAt(root: Avro, name: string): AvroRecord | null {
  if (root.kind !== 'record') return null
  const type = root.fields.find((field) => field.name === name)?.type
  const record = type?.kind === 'union' ? type.branches.find(({ kind }) => kind === 'record') : type
  return record?.kind === 'record' ? record : null
}

/** `lsst.v10_0.alert` is 10.0; ZTF says its version in the packet. */
export function versionOf(root: Avro): string {
  const match = /v(\d+(?:_\d+)+)/.exec(root.kind === 'record' ? root.name : '')
  return match ? match[1]!.replaceAll('_', '.') : ''
}

/** Column paths the table cannot do without; a schema without one of each group is of no use. */
const ESSENTIAL: Record<Survey, readonly (readonly string[])[]> = {
  ztf: [['candidate.candid', 'candid'], ['candidate.jd'], ['candidate.ra'], ['candidate.dec']],
  lsst: [
    ['diaSource.diaSourceId', 'diaSourceId'],
    ['diaSource.midpointMjdTai', 'diaSource.midPointTai'],
    ['diaSource.ra'],
    ['diaSource.dec', 'diaSource.decl']
  ]
}

/** What the entries of a list cannot do without: a light curve without times would be none, unseen. */
const LIST_TIMES: Record<Survey, readonly (readonly [list: string, ...times: string[]])[]> = {
  ztf: [
    ['prv_candidates', 'jd'],
    ['fp_hists', 'jd']
  ],
  lsst: [
    ['prvDiaSources', 'midpointMjdTai', 'midPointTai'],
    ['prvDiaForcedSources', 'midpointMjdTai', 'midPointTai']
  ]
}

/**
 * Says, once per schema, what its packets go to quarantine for.
 * @throws PacketError `unsupported` if a list has its times under a name that is not known.
 */
export function checkNames(
  survey: Survey,
  found: ReadonlySet<string>,
  warn: (message: string) => void
): void {
  for (const group of ESSENTIAL[survey]) {
    if (group.some((path) => found.has(path))) continue
    warn(` has no ${group[0]}: its packets go to quarantine`)
  }
  for (const [list, ...times] of LIST_TIMES[survey]) {
    if (!found.has(list) || times.some((time) => found.has(`${list}[].${time}`))) continue
    warn(` has no ${times[0]} in ${list}: its packets go to quarantine`)
    throw new PacketError(
      'unsupported',
      `the entries of ${list} have no ${times.join(' or ')}: a version that is not known`
    )
  }
}
