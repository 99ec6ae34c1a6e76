import type { Survey } from '../contract/index.ts'
import type { Store } from '../store/store.ts'
import type { PartFile, PartRecord } from './ledger.ts'

/**
 * A closed night is a source too: its parts, one a close, hold what the parts of other sources had of that night. Those
 * stay in the ledger as the account of what came in, and say where their alerts are now (`closedIn`).
 */
export function closedSource(survey: Survey, night: number): string {
  return `closed-${survey}-${night}`
}

/** The survey and night that the name of a source says; null for one that is no closed night. */
export function nightOfClosed(
  source: string
): { readonly survey: Survey; readonly night: number } | null {
  const [, survey, night] = /^closed-(ztf|lsst)-(\d{8})$/.exec(source) ?? []
  return survey === undefined ? null : { survey: survey as Survey, night: Number(night) }
}

export interface ClosedAccount {
  /** `survey/night` */
  readonly night: string
  /** Parts that it was merged of, and by source the blocks that their records lie in. */
  readonly parts: number
  readonly blocks: Readonly<Record<string, readonly number[]>>
  /** Alerts of those that are copies of another, byte for byte: of each the last is shown, the packets of all are kept. */
  readonly copies: number
}

/** Where the blocks of an Avro file of a part went, one behind the other. */
export interface Moved {
  readonly from: string
  readonly to: string
  /** What was at byte b of `from` is at byte b + `at` of `to`. */
  readonly at: number
  /** Its packets or messages in `to`: from this one on, so many. */
  readonly nth: number
  readonly rows: number
  /** Of packets: those in `from`, counted from 0, whose alerts are copies and have no row any more. */
  readonly copies?: readonly number[]
}

/** A part as it was when its night was closed. */
export interface TakenPart {
  readonly record: PartRecord
  readonly moved: readonly Moved[]
  /** The layers that were folded in, as `rate@1.1.0`. */
  readonly layers: readonly string[]
  /** Where their files are kept; left out where there are none, and by older versions of Siskin. */
  readonly folded?: readonly Folded[]
}

/** A layer of a part that was folded into a closed night, as it was. */
export interface Folded {
  readonly record: PartRecord
  /** The bytes of each of its files of the night, from byte `at` on of the file that keeps them all. */
  readonly places: readonly { readonly file: PartFile; readonly at: number }[]
}

/** Where a part of a closed night keeps what it was merged of: one line a part. */
export function takenPath(source: string, nth: number): string {
  return `_siskin/closed/${source}/${String(nth).padStart(6, '0')}.jsonl`
}

/** Where it keeps the files of the layers that were folded in, one behind the other. */
export function foldedPath(source: string, nth: number): string {
  return takenPath(source, nth).replace('.jsonl', '.layers')
}

/** What one was merged of that was opened again: what subscribers have read of it is told by it. */
export function openedPath(source: string, nth: number): string {
  return `_siskin/opened/${source}/${String(nth).padStart(6, '0')}.jsonl`
}

/** True of a file that closing a night merges. */
export function isOfNight({ path }: Pick<PartFile, 'path'>, key: string): boolean {
  const [survey = '', night = ''] = key.split('/')
  const isOfSurvey = path.startsWith(`${survey}/alerts/`) || path.startsWith(`${survey}/packets/`)
  return path.includes(`/night=${night}/`) && (isOfSurvey || isTopicOf(path, survey as Survey))
}

/** Files of topics name the survey only where a part has alerts of both. */
function isTopicOf(path: string, survey: Survey): boolean {
  if (!path.startsWith('topics/')) return false
  const other = survey === 'ztf' ? 'lsst' : 'ztf'
  return !path.endsWith(`-${other}.avro`)
}

/** Alerts of a part that lie in files of its own. */
export function openAlerts({ alerts, nights, closedIn = {} }: PartRecord): number {
  return Object.keys(closedIn).reduce((left, key) => left - (nights[key] ?? 0), alerts)
}

const CHUNK = 8 * 1024 * 1024
const NEWLINE = 10

/**
 * What a part of a closed night was merged of, part by part, in the order of their sources and positions.
 * @throws SyntaxError where it is damaged
 */
export async function* eachTaken(
  store: Store,
  { files }: Pick<PartRecord, 'files'>
): AsyncGenerator<TakenPart, void> {
  const file = files.find(({ kind }) => kind === 'taken')
  if (!file) return
  let rest = Buffer.alloc(0)
  for (let at = 0; at < file.bytes; at += CHUNK) {
    const chunk = await store.read(file.path, at, Math.min(CHUNK, file.bytes - at))
    const bytes = Buffer.concat([rest, chunk])
    let start = 0
    for (let end; (end = bytes.indexOf(NEWLINE, start)) >= 0; start = end + 1) {
      yield JSON.parse(bytes.toString('utf8', start, end)) as TakenPart
    }
    rest = bytes.subarray(start)
  }
  if (rest.length > 0) throw new SyntaxError(`${file.path} ends within a line`)
}

/** The same as it is written. */
export async function* layTaken(parts: Iterable<TakenPart>): AsyncGenerator<Uint8Array, void> {
  for (const part of parts) yield Buffer.from(`${JSON.stringify(part)}\n`)
}
