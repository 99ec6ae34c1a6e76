import type { NeedUnit, Unit } from './unit.ts'

/** How a module reads one value per alert. `at(row)` is null where the survey or an earlier module cannot say. */
export interface Scalar<T> {
  at(row: number): T | null
}

/**
 * How a module reads a list per alert (a light curve). `at(row)` is empty where the list is absent.
 * Number lists are views, not copies: do not write to them. A null inside reads as NaN.
 */
export interface List<A> {
  at(row: number): A
}

/** Numbers of one alert's history, oldest first. */
export type Numbers = Float64Array | Float32Array | Int32Array

/** A declared need: a column of the alert table or of another module, with the unit it must have. */
export interface Need<Reader> {
  readonly column: string
  readonly kind: 'number' | 'text' | 'flag' | 'id' | 'numbers' | 'texts' | 'flags' | 'ids'
  readonly unit: NeedUnit
  /** Type only: what `run` receives under this name. */
  readonly reader?: Reader
}

export type Needs = Readonly<Record<string, Need<unknown>>>
export type Readers<N extends Needs> = {
  readonly [K in keyof N]: N[K] extends Need<infer R> ? R : never
}

/**
 * One number per alert, e.g. `number('ztf.rb', 'survey')`, `number('flux', 'nJy')`.
 *
 * @example
 * number('flux', 'nJy') // { column: 'flux', kind: 'number', unit: 'nJy' }
 * number('ztf.rb', 'survey').unit // 'survey'
 */
export function number(column: string, unit: NeedUnit): Need<Scalar<number>> {
  return { column, kind: 'number', unit }
}

/**
 * One string per alert.
 *
 * @example
 * text('band') // { column: 'band', kind: 'text', unit: '' }
 */
export function text(column: string): Need<Scalar<string>> {
  return { column, kind: 'text', unit: '' }
}

/**
 * One boolean per alert.
 *
 * @example
 * flag('quality.pass') // { column: 'quality.pass', kind: 'flag', unit: '' }
 */
export function flag(column: string): Need<Scalar<boolean>> {
  return { column, kind: 'flag', unit: '' }
}

/**
 * One 64-bit identifier per alert, as BigInt: never a JavaScript number.
 *
 * @example
 * id('alert_id') // { column: 'alert_id', kind: 'id', unit: '' }
 */
export function id(column: string): Need<Scalar<bigint>> {
  return { column, kind: 'id', unit: '' }
}

/**
 * A list of numbers per alert; nulls inside read as NaN.
 *
 * @example
 * numbers('history_flux', 'nJy') // { column: 'history_flux', kind: 'numbers', unit: 'nJy' }
 */
export function numbers(column: string, unit: NeedUnit): Need<List<Numbers>> {
  return { column, kind: 'numbers', unit }
}

/**
 * A list of strings per alert.
 *
 * @example
 * texts('history_band') // { column: 'history_band', kind: 'texts', unit: '' }
 */
export function texts(column: string): Need<List<readonly (string | null)[]>> {
  return { column, kind: 'texts', unit: '' }
}

/**
 * A list of booleans per alert: 1 true, 0 false or null.
 *
 * @example
 * flags('history_detected') // { column: 'history_detected', kind: 'flags', unit: '' }
 */
export function flags(column: string): Need<List<Uint8Array>> {
  return { column, kind: 'flags', unit: '' }
}

/**
 * A list of 64-bit identifiers per alert; what has none reads as 0n.
 *
 * @example
 * ids('history_id') // { column: 'history_id', kind: 'ids', unit: '' }
 */
export function ids(column: string): Need<List<BigInt64Array>> {
  return { column, kind: 'ids', unit: '' }
}

/**
 * A declared output: type, unit, in `doc` what it is and when it is null, and in `ucd` what kind of
 * quantity it is, in the words of IVOA's UCD1+ (`phot.mag;stat.mean`), for the tools that go by it.
 */
export interface Output<T> {
  readonly type: 'float64' | 'float32' | 'int32' | 'int64' | 'bool' | 'utf8'
  readonly unit: Unit
  readonly doc: string
  readonly ucd?: string
  /** True of a list of such values per alert: see `list`. */
  readonly isList?: boolean
  /** Type only: what `run` returns under this name. */
  readonly value?: T
}

/** Outputs under a common name, stored as a nested struct: `features.g.mean`. */
export interface Group<G extends Outputs = Outputs> {
  readonly type: 'group'
  readonly doc: string
  readonly outputs: G
}

export interface Outputs {
  readonly [name: string]: Output<unknown> | Group
}

/** What `run` returns for its outputs: a value or null per alert, in row order. */
export type Columns<P extends Outputs> = {
  [K in keyof P]: P[K] extends Group<infer G>
    ? Columns<G>
    : P[K] extends Output<infer T>
      ? ArrayLike<T | null>
      : never
}

/**
 * A number with 15 digits, for times, positions and what is computed with them: unit, what it is and when it is null, and its UCD.
 *
 * @example
 * float64('d', 'Days since the first detection. Null without one.', 'time.interval').type // 'float64'
 * float64('mag/d', 'Rate. Null for one point.').unit // 'mag/d'
 */
export function float64(unit: Unit, doc: string, ucd = ''): Output<number> {
  return { type: 'float64', unit, doc, ucd }
}

/**
 * A number with 7 digits, for most that is measured: unit, what it is and when it is null, and its UCD.
 *
 * @example
 * float32('mag', 'Range of magnitudes. Null without two.', 'phot.mag').type // 'float32'
 */
export function float32(unit: Unit, doc: string, ucd = ''): Output<number> {
  return { type: 'float32', unit, doc, ucd }
}

/**
 * A whole number, for counts: unit, what it is and when it is null, and its UCD.
 *
 * @example
 * int32('', 'Detections in the band. Null where unknown.', 'meta.number').type // 'int32'
 */
export function int32(unit: Unit, doc: string, ucd = ''): Output<number> {
  return { type: 'int32', unit, doc, ucd }
}

/**
 * A 64-bit identifier, returned as BigInt: what it is and when it is null, and its UCD.
 *
 * @example
 * int64('Nearest object of the survey. Null without one.', 'meta.id').type // 'int64'
 */
export function int64(doc: string, ucd = ''): Output<bigint> {
  return { type: 'int64', unit: '', doc, ucd }
}

/**
 * True, false or null: what it is and when it is null, and its UCD.
 *
 * @example
 * bool('All cuts are passed. Null where one cannot be judged.').ucd // 'meta.code'
 */
export function bool(doc: string, ucd = 'meta.code'): Output<boolean> {
  return { type: 'bool', unit: '', doc, ucd }
}

/**
 * A string: what it is and when it is null, and its UCD.
 *
 * @example
 * utf8('Class in the catalogue. Null without a match.', 'src.class').type // 'utf8'
 */
export function utf8(doc: string, ucd = ''): Output<string> {
  return { type: 'utf8', unit: '', doc, ucd }
}

/**
 * A list of values per alert, of any length: null where the list cannot be made, empty where there is nothing to put in,
 * null inside where one value cannot be said. `doc` says what each stands for, and in which order they are.
 *
 * @example
 * list(float64('d', 'Times of outbursts, oldest first. Null without a light curve.')).isList // true
 * list(utf8('Names of what lies near. Null where nobody was asked.', 'meta.id')).type // 'utf8'
 */
export function list<T>(item: Output<T>): Output<ArrayLike<T | null>> {
  const { type, unit, doc, ucd = '' } = item
  if (item.isList) throw new Error(`a list of lists ("${doc}"): give lists of equal length instead`)
  return { type, unit, doc, ucd, isList: true }
}

/**
 * Outputs under one name, for instance those of a band: columns `features.g.mean`, `features.g.skew`.
 *
 * @example
 * group('In g.', { mean: float32('mag', 'Mean. Null without points.') }).outputs.mean.unit // 'mag'
 */
export function group<G extends Outputs>(doc: string, outputs: G): Group<G> {
  return { type: 'group', doc, outputs }
}
