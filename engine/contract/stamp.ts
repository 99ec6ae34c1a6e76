import type { Scalar } from './column.ts'

/** The three images of an alert: what was taken, what is known of the place, and what is left without it. */
export type StampName = 'science' | 'template' | 'difference'

/** A stamp as an image. Its header says where it lies on the sky, as far as the survey says it. */
export interface Stamp {
  readonly width: number
  readonly height: number
  /** Row by row, the bottom row first, in the survey's own unit; NaN where there is no value. */
  readonly pixels: Float32Array
  /** Cards of the FITS header, without quotes and comments. */
  readonly header: ReadonlyMap<string, string>
}

/** Each is decoded when it is asked for, and not kept: null where none was sent, or it is damaged. */
export type Stamps = Readonly<Record<StampName, Scalar<Stamp>>>
