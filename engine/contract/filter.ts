import type { Needs, Readers } from './column.ts'
import type { Survey } from './module.ts'
import { expectFields, expectShort } from './fields.ts'
import type { Answers, Lookups } from './resource.ts'

export interface FilterBatch<N extends Needs> {
  readonly rows: number
  readonly survey: Survey
  readonly columns: Readers<N>
}

/** True where the alert passes. A null in a column is "cannot say": decide it, do not let it slip through. */
export type Predicate = (row: number) => boolean

/** A predicate that several filters share; it is computed once per batch however many use it. */
export interface Block<N extends Needs = Needs> {
  readonly name: string
  readonly about: string
  readonly requires: N
  test(batch: FilterBatch<N>): Predicate
}

export type Blocks = Readonly<Record<string, Block>>
type BlockPredicates<B extends Blocks> = { readonly [K in keyof B]: Predicate }

/**
 * A moment in the life of an object, by the noiseless truth of a simulated alert:
 * `rising` and `fading` by 0.3 mag a day and more, `new` for two days from the first detection,
 * `varied` by a magnitude and more over five detections of a band, `unnamed` a moving object that the
 * survey cannot name.
 */
export type Phase = 'rising' | 'fading' | 'new' | 'varied' | 'unnamed'

/** Classes of the simulated truth (`sn_ia`, `sso`, …), at any moment or in one phase only. */
export interface Seeks {
  readonly classes: readonly string[]
  readonly phase?: Phase
}

export interface Filter<
  N extends Needs = Needs,
  B extends Blocks = Blocks,
  L extends Lookups = Lookups
> {
  /** Lower-case with underscores; also the folder's name. */
  readonly name: string
  readonly version: string
  /** The stream its alerts go to. */
  readonly topic: string
  readonly about: string
  readonly owner: string
  readonly surveys?: readonly Survey[]
  /** What belongs in the topic by the simulated truth: `siskin truth` tells purity and completeness by it. */
  readonly seeks?: Seeks
  readonly requires: N
  /** What catalogues are asked, by a name of yours. */
  readonly lookups?: L
  readonly uses: B
  keep(
    batch: FilterBatch<N> & {
      readonly blocks: BlockPredicates<B>
      readonly lookups: Answers<L>
    }
  ): Predicate
}

const NAME = /^[a-z][a-z0-9_]*$/
const TOPIC = /^[a-z][a-z0-9_.-]*$/
const SEMVER = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/

/**
 * Declares a predicate that filters share.
 *
 * @example
 * defineBlock({
 *   name: 'bright',
 *   about: 'Brighter than magnitude 16. A null fails.',
 *   requires: { mag: number('mag', 'mag') },
 *   test: ({ columns }) => (row) => {
 *     const mag = columns.mag.at(row)
 *     return mag !== null && mag < 16
 *   }
 * }).name // 'bright'
 */
export function defineBlock<const N extends Needs>(block: Block<N>): Block<N> {
  return block
}

/**
 * Declares a filter. Throws at import when the declaration itself is wrong.
 *
 * @example
 * defineFilter({
 *   name: 'bright',
 *   version: '1.0.0',
 *   topic: 'bright',
 *   about: 'Brighter than magnitude 16. A null fails.',
 *   owner: '@an-astronomer',
 *   requires: { mag: number('mag', 'mag') },
 *   uses: {},
 *   keep: ({ columns }) => (row) => {
 *     const mag = columns.mag.at(row)
 *     return mag !== null && mag < 16
 *   }
 * }).topic // 'bright'
 */
export function defineFilter<
  const N extends Needs,
  const B extends Blocks,
  const L extends Lookups = Record<string, never>
>(filter: Filter<N, B, L>): Filter<N, B, L> {
  expectFields(`filter ${filter.name}`, filter, {
    name: 'string',
    version: 'string',
    topic: 'string',
    about: 'string',
    owner: 'string',
    requires: 'object',
    uses: 'object',
    keep: 'function'
  })
  if (!NAME.test(filter.name)) {
    throw new Error(`filter name "${filter.name}": use lower-case letters, digits and underscores`)
  }
  if (!TOPIC.test(filter.topic)) {
    throw new Error(`filter ${filter.name}: topic "${filter.topic}" must match ${TOPIC.source}`)
  }
  if (!SEMVER.test(filter.version)) {
    throw new Error(`filter ${filter.name}: version "${filter.version}" is not semantic (1.0.0)`)
  }
  const { name, version, topic } = filter
  expectShort(`filter ${name}`, { name, version, topic })
  return filter
}
