import { TAR_BLOCK, tarNumber } from './tar.ts'

/** A file of which an archive holds only the pieces that are not zeros. */
export interface SparseMap {
  readonly size: number
  /** Offset and length of each piece, ascending. */
  readonly pieces: readonly (readonly [offset: number, length: number])[]
}

const MOST_BYTES = 1024 * 1024 * 1024
const ZEROS = new Uint8Array(64 * 1024)

/** The map in a header of type S; `goesOn`: more of it is in the block behind. */
export function readSparseHeader(
  bytes: Uint8Array,
  at: number
): { size: number; pieces: [number, number][]; goesOn: boolean } {
  const header = bytes.subarray(at, at + TAR_BLOCK)
  return {
    size: tarNumber(header, 483, 12),
    pieces: piecesIn(header, 386, 4),
    goesOn: header[482] !== 0
  }
}

export function readSparseBlock(
  bytes: Uint8Array,
  at: number
): { pieces: [number, number][]; goesOn: boolean } {
  const block = bytes.subarray(at, at + TAR_BLOCK)
  return { pieces: piecesIn(block, 0, 21), goesOn: block[504] !== 0 }
}

function piecesIn(block: Uint8Array, from: number, count: number): [number, number][] {
  const pieces: [number, number][] = []
  for (let i = 0; i < count && block[from + i * 24] !== 0; i++) {
    pieces.push([tarNumber(block, from + i * 24, 12), tarNumber(block, from + i * 24 + 12, 12)])
  }
  return pieces
}

/** The map that pax attributes of versions 0.0 and 0.1 hold; null where there is none. */
export function readSparsePax(pax: readonly (readonly [string, string])[]): SparseMap | null {
  const size = Number(pax.findLast(([key]) => key === 'GNU.sparse.size')?.[1])
  const map = pax.findLast(([key]) => key === 'GNU.sparse.map')?.[1]
  const numbers = map
    ? map.split(',')
    : pax.flatMap(([key, value]) => (/^GNU\.sparse\.(offset|numbytes)$/.test(key) ? [value] : []))
  if (!Number.isSafeInteger(size) || numbers.length === 0) return null
  return { size, pieces: paired(numbers.map(Number)) }
}

/** The map in front of the data (version 1.0): lines of numbers. Null until all of it is there. */
export function readSparseLines(
  bytes: Uint8Array,
  size: number
): { map: SparseMap; length: number } | null {
  const lines = Buffer.from(bytes).toString('latin1').split('\n')
  const count = Number(lines[0])
  if (lines.length < 2 || lines.length - 1 < 1 + 2 * count) return null
  const used = lines.slice(0, 1 + 2 * count)
  const length = used.reduce((sum, line) => sum + line.length + 1, 0)
  return {
    map: { size, pieces: paired(used.slice(1).map(Number)) },
    length: Math.ceil(length / TAR_BLOCK) * TAR_BLOCK
  }
}

function paired(numbers: readonly number[]): [number, number][] {
  return Array.from({ length: numbers.length >> 1 }, (_, i) => [
    numbers[2 * i]!,
    numbers[2 * i + 1]!
  ])
}

/** True where the pieces are in order, in the file, and as much as is stored. */
export function isSparseMap({ size, pieces }: SparseMap, stored: number): boolean {
  let end = 0
  let sum = 0
  for (const [offset, length] of pieces) {
    if (!(offset >= end && length >= 0)) return false
    end = offset + length
    sum += length
  }
  return end <= size && size <= MOST_BYTES && sum === stored
}

/** The whole file, zeros and all. */
export async function* expanded(
  bytes: AsyncIterable<Uint8Array>,
  { size, pieces }: SparseMap
): AsyncGenerator<Uint8Array> {
  let at = 0
  let piece = 0
  let done = 0 // of the piece
  for await (const chunk of bytes) {
    for (let from = 0; from < chunk.length;) {
      const [offset, length] = pieces[piece]!
      yield* zeros(offset + done - at)
      const some = chunk.subarray(from, from + length - done)
      yield some
      from += some.length
      done += some.length
      at = offset + done
      if (done < length) continue
      piece++
      done = 0
    }
  }
  yield* zeros(size - at)
}

function* zeros(count: number): Generator<Uint8Array> {
  for (let left = count; left > 0; left -= ZEROS.length) yield ZEROS.subarray(0, left)
}
