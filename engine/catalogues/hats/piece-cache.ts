import { piecesOf, loadPiece } from './pieces.ts'
import type { LoadedPiece, Piece } from './pieces.ts'
import type { Hats } from './hats.ts'

/** For so long a partition that could not be read is not tried again. */
const AGAIN_MS = 60_000

/** What was read last of a catalogue, up to some bytes. */
export class PieceCache {
  readonly #hats: Hats
  readonly #most: number
  readonly #pieces = new Map<number, Promise<Piece[]>>()
  /** Those used last at the end. */
  readonly #loaded = new Map<string, LoadedPiece>()
  readonly #failed = new Map<number, { readonly error: unknown; readonly until: number }>()
  #bytes = 0

  /** @param most bytes that are held, and one piece more */
  constructor(hats: Hats, most: number) {
    this.#hats = hats
    this.#most = most
  }

  /** The pieces of a partition, by its number. @throws what reading it threw, for a while */
  async pieces(at: number): Promise<Piece[]> {
    const before = this.#failed.get(at)
    if (before && performance.now() < before.until) throw before.error
    const known = this.#pieces.get(at)
    if (known) return known
    const found = piecesOf(this.#hats, this.#hats.partitions.pixels[at]!)
    this.#pieces.set(at, found)
    return found.catch((error: unknown) => this.fail(at, error))
  }

  fail(at: number, error: unknown): never {
    this.#pieces.delete(at)
    this.#failed.set(at, { error, until: performance.now() + AGAIN_MS })
    throw error
  }

  async load(at: number, piece: Piece, wanted: readonly string[]): Promise<LoadedPiece> {
    const key = `${at} ${piece.file.path} ${piece.from} ${wanted.join()}`
    let loaded = this.#loaded.get(key)
    if (loaded) this.#loaded.delete(key)
    else {
      loaded = await loadPiece(this.#hats, piece, wanted).catch((error: unknown) =>
        this.fail(at, error)
      )
      this.#bytes += loaded.bytes
    }
    this.#loaded.set(key, loaded)
    for (const [old, { bytes }] of this.#loaded) {
      if (this.#bytes <= this.#most || old === key) break
      this.#loaded.delete(old)
      this.#bytes -= bytes
    }
    return loaded
  }
}
