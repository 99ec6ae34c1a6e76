import type { Needs, Readers, Scalar } from './column.ts'

/**
 * What a catalogue answers for the place of an alert: `found`; `none` within the radius; `not-covered` where it does not
 * reach; `unavailable` where nobody could be asked. Only `none` says that there is nothing.
 */
export type LookupStatus = 'found' | 'none' | 'not-covered' | 'unavailable'

/** Arc seconds: ten degrees, as wide as a search may be. */
const WIDEST = 36_000

/** A declared need of a catalogue: its object nearest to the alert. */
export interface Lookup<F extends Needs = Needs> {
  readonly catalogue: string
  /** Arc seconds. */
  readonly radius: number
  /** Columns of the catalogue. */
  readonly columns: F
}

export type Lookups = Readonly<Record<string, Lookup>>

/** The answers: columns of the batch as all others, null where nothing was found. */
export type Answers<L extends Lookups> = {
  readonly [K in keyof L]: L[K] extends Lookup<infer F>
    ? Readers<F> & {
        readonly status: Scalar<LookupStatus>
        /** Arc seconds, along the great circle. */
        readonly separation: Scalar<number>
      }
    : never
}

/**
 * The nearest object of a catalogue within a radius in arc seconds, and which of its columns are wanted, in
 * the unit that the catalogue has them in (`survey`: as they are). Asked once for a whole batch.
 *
 * @example
 * nearest('gcvs', 1.5, { type: text('VarType') }).radius // 1.5
 */
export function nearest<const F extends Needs>(
  catalogue: string,
  radius: number,
  columns: F
): Lookup<F> {
  if (!(radius > 0))
    throw new Error(`lookup in ${catalogue}: a radius of ${radius} arcsec finds nothing`)
  if (radius > WIDEST) {
    throw new Error(
      `lookup in ${catalogue}: a radius of ${radius} arcsec is more than ${WIDEST}, ten degrees`
    )
  }
  if ('status' in columns || 'separation' in columns) {
    throw new Error(
      `lookup in ${catalogue}: "status" and "separation" are always there, rename that column`
    )
  }
  return { catalogue, radius, columns }
}

/** A declared need of a trained model: an ONNX file that lies in the module's folder. */
export interface Model {
  readonly file: string
  /** Where `file` is looked from. */
  readonly base: string
}

export type Models = Readonly<Record<string, Model>>

/** Numbers in rows and columns: `shape` is how many of each, the batch first. */
export interface Tensor {
  readonly data: Float32Array | Float64Array | Int32Array | BigInt64Array
  readonly shape: readonly number[]
}

/** One call for a whole batch: tensors by the names of the model's inputs; out come those of its outputs. */
export type Predict = (
  inputs: Readonly<Record<string, Tensor>>
) => Promise<Readonly<Record<string, Tensor>>>

export type Predictors<M extends Models> = {
  readonly [K in keyof M]: M[K] extends Model ? Predict : never
}

/**
 * A model in ONNX form beside the module: `model('./ia.onnx', import.meta.url)`. Each member loads it once; its hash is in
 * the provenance of every part.
 *
 * @example
 * model('./ia.onnx', 'file:///ia/module.ts').file // './ia.onnx'
 */
export function model(file: string, base: string): Model {
  return { file, base }
}
