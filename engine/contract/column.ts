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

/** One number per alert, e.g. `number('ztf.rb', 'survey')`, `number('flux', 'nJy')`. */
export function number(column: string, unit: NeedUnit): Need<Scalar<number>> {
  return { column, kind: 'number', unit }
}

/** One string per alert. */
export function text(column: string): Need<Scalar<string>> {
  return { column, kind: 'text', unit: '' }
}

/** One boolean per alert. */
export function flag(column: string): Need<Scalar<boolean>> {
  return { column, kind: 'flag', unit: '' }
}

/** One 64-bit identifier per alert, as BigInt: never a JavaScript number. */
export function id(column: string): Need<Scalar<bigint>> {
  return { column, kind: 'id', unit: '' }
}

/** A list of numbers per alert; nulls inside read as NaN. */
export function numbers(column: string, unit: NeedUnit): Need<List<Numbers>> {
  return { column, kind: 'numbers', unit }
}

/** A list of strings per alert. */
export function texts(column: string): Need<List<readonly (string | null)[]>> {
  return { column, kind: 'texts', unit: '' }
}

/** A list of booleans per alert: 1 true, 0 false or null. */
export function flags(column: string): Need<List<Uint8Array>> {
  return { column, kind: 'flags', unit: '' }
}

/** A list of 64-bit identifiers per alert; what has none reads as 0n. */
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

export function float64(unit: Unit, doc: string, ucd = ''): Output<number> {
  return { type: 'float64', unit, doc, ucd }
}

export function float32(unit: Unit, doc: string, ucd = ''): Output<number> {
  return { type: 'float32', unit, doc, ucd }
}

export function int32(unit: Unit, doc: string, ucd = ''): Output<number> {
  return { type: 'int32', unit, doc, ucd }
}

export function int64(doc: string, ucd = ''): Output<bigint> {
  return { type: 'int64', unit: '', doc, ucd }
}

export function bool(doc: string, ucd = 'meta.code'): Output<boolean> {
  return { type: 'bool', unit: '', doc, ucd }
}

export function utf8(doc: string, ucd = ''): Output<string> {
  return { type: 'utf8', unit: '', doc, ucd }
}

export function group<G extends Outputs>(doc: string, outputs: G): Group<G> {
  return { type: 'group', doc, outputs }
}
