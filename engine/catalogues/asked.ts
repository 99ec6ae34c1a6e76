import type { Extent, LookupStatus, Need } from '../contract/index.ts'

/** Positions of alerts: degrees, NaN for none. */
export interface Positions {
  readonly ra: Float64Array
  readonly dec: Float64Array
}

/** What is wanted of what is found, by its column. */
export type Wanted = ReadonlyMap<string, Need<unknown>['kind']>

/** How far away an object may be: arc seconds; with an extent it must reach the position besides. */
export interface Reach {
  readonly radius: number
  readonly extent?: Extent | undefined
}

/** What a catalogue says of each position. */
export interface Matches {
  status(row: number): LookupStatus
  /** Arc seconds, null where nothing was found. */
  separation(row: number): number | null
  value(column: string, row: number): unknown
}

/** A catalogue that can be asked, on whatever it lies. */
export interface Asked {
  readonly name: string
  /** Changes when what it says changes. */
  readonly version: string
  /** The nearest object to each position within reach. @throws SiskinError for what is damaged */
  nearest(positions: Positions, reach: Reach, wanted: Wanted): Promise<Matches>
}
