import type { Columns, Needs, Outputs, Readers } from './column.ts'
import { expectFields, expectShort } from './fields.ts'
import type { StampName, Stamps } from './stamp.ts'
import type { Answers, Lookups, Models, Predictors } from './resource.ts'

export type Survey = 'ztf' | 'lsst'

/**
 * Why a row has its values, or has none:
 * `ok` at least one output says something; `not-applicable` the question makes no sense for this
 * alert; `too-short` not enough data points; `unavailable` an outside service did not answer;
 * `failed:<code>` the module broke (`failed:threw`, `failed:timeout`, `failed:rows`, `failed:type`,
 * `failed:nan`, `failed:off`): written by the engine only.
 */
export type Status = 'ok' | 'not-applicable' | 'too-short' | 'unavailable' | `failed:${string}`

/** A micro-batch as a module sees it: the rows of one survey, and the declared columns only. */
export interface Batch<N extends Needs, L extends Lookups = Lookups, M extends Models = Models> {
  readonly rows: number
  readonly survey: Survey
  readonly columns: Readers<N>
  /** What catalogues answered: see `lookups`. */
  readonly lookups: Answers<L>
  /** The declared models, ready to be asked: one call for all rows. */
  readonly models: Predictors<M>
  /** The declared stamps, decoded when they are asked for. */
  readonly stamps: Stamps
  /** Aborted when the time budget is spent; an `async` module should pass it on. */
  readonly signal: AbortSignal
}

export type Result<P extends Outputs> = Columns<P> & { status?: ArrayLike<Status> }

export interface Module<
  N extends Needs = Needs,
  P extends Outputs = Outputs,
  L extends Lookups = Lookups,
  M extends Models = Models
> {
  /** Lower-case with underscores; also the folder's name and the struct's name in the table. */
  readonly name: string
  /** Semantic version. Change it whenever an output may change. */
  readonly version: string
  readonly about: string
  readonly owner: string
  readonly cite?: string
  /** The surveys it can speak about; the others' alerts get `not-applicable`. Default: all. */
  readonly surveys?: readonly Survey[]
  readonly requires: N
  /** What catalogues are asked, by a name of yours. */
  readonly lookups?: L
  /** Trained models beside the module, by a name of yours. */
  readonly models?: M
  /** Images of the alert that it looks at: each costs reading, where they are not asked for none is. */
  readonly stamps?: readonly StampName[]
  readonly produces: P
  /** Milliseconds per 1,000 alerts before the module is stopped for the batch. Default 5,000. */
  readonly budget?: number
  /**
   * Computes every output for the whole batch. Must be a pure function of the batch: no clock, no
   * random numbers, no I/O; each row independent of the others. Where `status` is not returned, a
   * row is `ok` if any output is not null, else `not-applicable`.
   */
  run(batch: Batch<N, L, M>): Result<P> | Promise<Result<P>>
}

const NAME = /^[a-z][a-z0-9_]*$/
const SEMVER = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/

/**
 * Declares a science module. Throws at import when the declaration itself is wrong.
 *
 * @example
 * defineModule({
 *   name: 'half',
 *   version: '1.0.0',
 *   about: 'Half of the flux.',
 *   owner: '@an-astronomer',
 *   requires: { flux: number('flux', 'nJy') },
 *   produces: { half: float64('nJy', 'Half of the flux. Null where that is.', 'phot.flux') },
 *   run: ({ rows, columns: { flux } }) => {
 *     const now = Array.from({ length: rows }, (_, row) => flux.at(row))
 *     return { half: now.map((value) => (value === null ? null : value / 2)) }
 *   }
 * }).name // 'half'
 */
export function defineModule<
  const N extends Needs,
  const P extends Outputs,
  const L extends Lookups = Record<string, never>,
  const M extends Models = Record<string, never>
>(module: Module<N, P, L, M>): Module<N, P, L, M> {
  expectFields(`module ${module.name}`, module, {
    name: 'string',
    version: 'string',
    about: 'string',
    owner: 'string',
    requires: 'object',
    produces: 'object',
    run: 'function'
  })
  if (!NAME.test(module.name)) {
    throw new Error(`module name "${module.name}": use lower-case letters, digits and underscores`)
  }
  if (!SEMVER.test(module.version)) {
    throw new Error(`module ${module.name}: version "${module.version}" is not semantic (1.0.0)`)
  }
  const { name, version } = module
  expectShort(`module ${name}`, { name, version })
  if (Object.keys(module.produces).length === 0) {
    throw new Error(`module ${module.name} produces nothing: declare at least one output`)
  }
  if ('status' in module.produces) {
    throw new Error(`module ${module.name}: "status" is written by the engine, rename that output`)
  }
  return module
}

/**
 * A module under the name of its version, to run beside another version of it in one plan: their structs are `rate` and
 * `rate_2_0_0`, and whoever wants the second asks for it by that name. Its folder has the same name.
 *
 * @example
 * beside(
 *   defineModule({
 *     name: 'bright',
 *     version: '2.0.0',
 *     about: 'Whether it is bright.',
 *     owner: '@an-astronomer',
 *     requires: { mag: number('mag', 'mag') },
 *     produces: { bright: bool('Brighter than 16. Null without a magnitude.') },
 *     run: ({ rows, columns: { mag } }) => {
 *       const mags = Array.from({ length: rows }, (_, row) => mag.at(row))
 *       return { bright: mags.map((value) => (value === null ? null : value < 16)) }
 *     }
 *   })
 * ).name // 'bright_2_0_0'
 */
export function beside<
  const N extends Needs,
  const P extends Outputs,
  const L extends Lookups,
  const M extends Models
>(module: Module<N, P, L, M>): Module<N, P, L, M> {
  const version = module.version.toLowerCase().replaceAll(/[^0-9a-z]/g, '_')
  return { ...module, name: `${module.name}_${version}` }
}
