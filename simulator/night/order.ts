import type { ChunkResult } from './night.ts'
import type { Piece } from '../archive/piece.ts'
import type { TruthRow } from './truth.ts'

/** Packets in the order in which the survey sends them, and the truth of each. */
export interface Stretch {
  readonly piece: Piece
  readonly rows: readonly TruthRow[]
}

/** Chunks between a late packet's place and where it comes. */
const LATE_CHUNKS = 2

/** The packets of chunks, with late ones where they come. */
export async function* inOrder(chunks: AsyncIterable<ChunkResult>): AsyncGenerator<Stretch> {
  const waiting: ChunkResult[] = []
  for await (const chunk of chunks) {
    yield chunk
    waiting.push(chunk)
    const due = waiting.length > LATE_CHUNKS ? waiting.shift() : undefined
    if (due) yield lateOf(due)
  }
  for (const chunk of waiting) yield lateOf(chunk)
}

function lateOf({ late, lateRows }: ChunkResult): Stretch {
  return { piece: late, rows: lateRows }
}
