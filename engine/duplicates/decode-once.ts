import type { Survey } from '../contract/index.ts'
import { decodeRange } from '../decode/decode.ts'
import type { DecodeOptions, DecodeResult } from '../decode/decode.ts'
import type { PacketRange } from '../packets.ts'
import { Marks } from './marks.ts'
import type { Met } from './marks.ts'
import { MarkTable } from './mark-table.ts'
import type { SeenIndex } from './seen-index.ts'

/** Claims an alert for a range, unless it is a copy; says how it stands to those that came before. */
export type Meet = (survey: Survey, low: number, high: number, digest: number) => Met

/** What is known of the alerts that came before, when a range is read. */
export interface Known {
  /** Begins to read the range, also once more: what is in memory, and what other ranges have in work. */
  readonly begin: () => Meet
  /** What the lake holds besides. Null: it is not looked at. */
  readonly index: Pick<SeenIndex, 'look'> | null
}

interface Revision {
  readonly survey: Survey
  readonly id: bigint
}

export interface OnceDecoded extends DecodeResult {
  /** Of its alerts, by `survey/night`. */
  readonly marks: ReadonlyMap<string, Marks>
  /** Those of its alerts whose id came before with other bytes. */
  readonly revisions: readonly Revision[]
}

/**
 * Decodes a range without the alerts that came before. What is in memory is asked at every packet; the index
 * when all are decoded. Copies that only the index knows are rare: then the range is decoded again, without them.
 */
export async function decodeOnce(
  range: PacketRange,
  options: Omit<DecodeOptions, 'claim'>,
  { begin, index }: Known
): Promise<OnceDecoded> {
  const refused = new MarkTable()
  const revisions = new Map<string, Revision>()
  const read = () => {
    revisions.clear()
    const meet = begin()
    const claim: DecodeOptions['claim'] = (survey, low, high, digest) => {
      if (refused.size > 0 && refused.meet(survey, low, high, digest) === 'copy') return false
      const met = meet(survey, low, high, digest)
      if (met === 'revision') noteRevision(revisions, survey, low, high, digest)
      return met !== 'copy'
    }
    return decodeRange(range, { ...options, claim })
  }
  let result = read()
  let marks = marksOf(result)
  const older = await lookUp(index, marks, refused)
  if (refused.size > 0) {
    result = read()
    marks = marksOf(result)
  }
  for (const [survey, mark] of older) noteRevision(revisions, survey, ...mark)
  return { ...result, marks, revisions: [...revisions.values()] }
}

type Mark = [low: number, high: number, digest: number]

function noteRevision(
  revisions: Map<string, Revision>,
  survey: Survey,
  ...[low, high, digest]: Mark
): void {
  const id = (BigInt(high | 0) << 32n) | BigInt(low >>> 0)
  revisions.set(`${survey} ${id} ${digest}`, { survey, id })
}

/** Puts copies into `refused`, returns revisions. */
async function lookUp(
  index: Known['index'],
  marks: ReadonlyMap<string, Marks>,
  refused: MarkTable
): Promise<[Survey, Mark][]> {
  const revisions: [Survey, Mark][] = []
  if (!index) return revisions
  for (const [night, list] of marks) {
    const survey = surveyOf(night)
    for (const [place, met] of await index.look(night, list)) {
      const mark = list.at(place)
      if (met === 'copy') refused.add(survey, ...mark)
      else revisions.push([survey, mark])
    }
  }
  return revisions
}

/** `survey/night` */
export function surveyOf(night: string): Survey {
  return night.slice(0, night.indexOf('/')) as Survey
}

function marksOf({ alerts }: DecodeResult): Map<string, Marks> {
  const marks = new Map<string, Marks>()
  for (const { table, origins } of alerts) {
    const { words } = table.fixed('alert_id')
    const night = table.fixed('night').values as Int32Array
    const rows = Array.from({ length: table.rows }, (_, row) => row)
    for (const [key, own] of Map.groupBy(rows, (row) => night[row]!)) {
      const unsorted = new Uint32Array(own.length * 3)
      own.forEach((row, i) => {
        unsorted.set([words[row * 2]!, words[row * 2 + 1]!, origins.digest[row]!], i * 3)
      })
      marks.set(`${table.survey}/${key}`, Marks.of(unsorted))
    }
  }
  return marks
}
