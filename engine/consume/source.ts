import type { PacketRange } from '../packets.ts'

/** Packets [first, last] of a source, both inclusive. */
export type Span = readonly [first: number, last: number]

export interface ReadOptions {
  /** What the lake already holds, ascending: read over, not given out. */
  readonly done: readonly Span[]
  readonly cut: { readonly packets: number; readonly bytes: number }
  /** Called with the bytes read so far; progress only. */
  readonly onRead: (bytes: number) => void
  /** Memory of at least `size` bytes for a range. */
  readonly allocate: (size: number) => ArrayBufferLike
}

/**
 * Where packets come from. `ranges` gives them in order, cut at the same places at every run; a
 * reader that was stopped goes on at the exact packet when it is told what is done.
 */
export interface Source {
  /** The same at every run; part of the names of the lake's parts. */
  readonly name: string
  readonly path: string
  /** Bytes to be read, for progress. */
  readonly bytes: number
  /** @throws Damage after the last good range, when the source breaks off. */
  ranges(options: ReadOptions): AsyncGenerator<PacketRange>
}
