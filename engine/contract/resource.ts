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
  /** Only objects whose own extent has the alert within it, see `covering`; left out: all within the radius. */
  readonly extent?: Extent
}

/** How large objects of a catalogue are, by its columns: circles, or ellipses where the other two are there. */
export interface Extent {
  /** Semi-major axis, or radius. */
  readonly semimajor: string
  readonly semiminor?: string
  /** Position angle of the major axis, degrees from north through east. */
  readonly angle?: string
  /** Arc seconds of one unit of these columns, times how many radii: 60 for arc minutes, 30 for diameters in arc minutes. */
  readonly times: number
  /** Arc seconds: no object reaches further. */
  readonly most: number
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
  expectRadius(catalogue, radius)
  expectNames(catalogue, columns)
  return { catalogue, radius, columns }
}

/**
 * The object of a catalogue that has the alert within its own extent, an ellipse or a circle; of several the one of whose
 * radius, in the direction of the alert, it is the least share (directional light radius, Sullivan et al. 2006, ApJ 648, 868).
 *
 * @example
 * covering('galaxies', { semimajor: 'diameter', times: 30, most: 3600 }, { name: text('name') }).radius // 3600
 */
export function covering<const F extends Needs>(
  catalogue: string,
  extent: Extent,
  columns: F
): Lookup<F> {
  expectRadius(catalogue, extent.most)
  expectNames(catalogue, columns)
  if (extent.times > 0) return { catalogue, radius: extent.most, columns, extent }
  throw new Error(`lookup in ${catalogue}: extents times ${extent.times} cover nothing`)
}

function expectRadius(catalogue: string, radius: number): void {
  if (!(radius > 0))
    throw new Error(`lookup in ${catalogue}: a radius of ${radius} arcsec finds nothing`)
  if (radius <= WIDEST) return
  throw new Error(
    `lookup in ${catalogue}: a radius of ${radius} arcsec is more than ${WIDEST}, ten degrees`
  )
}

function expectNames(catalogue: string, columns: Needs): void {
  if (!('status' in columns || 'separation' in columns)) return
  throw new Error(
    `lookup in ${catalogue}: "status" and "separation" are always there, rename that column`
  )
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
