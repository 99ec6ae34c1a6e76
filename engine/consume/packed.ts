import { isGzipMagic, unpacked } from './inflate.ts'
import type { Notes } from './notes.ts'
import { walkFile } from './walk.ts'
import type { Window } from './window.ts'

/**
 * Takes the packets of one file of `size` bytes at the window's position, gzipped or not: that is told
 * by its first two bytes. Returns by how much more than `size` the position moved.
 */
export async function* walkPackets(
  window: Window,
  { name, size }: { readonly name: string; readonly size: number },
  notes: Notes
): AsyncGenerator<void, number> {
  const { scanner } = window
  const isPacked = size >= 2 && (await window.need(2)) && isGzipMagic(scanner.bytes, scanner.at)
  if (!isPacked) {
    yield* walkFile(window, size)
    return 0
  }
  const heard = {
    onDamage: (error: Error) => (window.cause = `gzip: ${error.message}`),
    onTrailing: () => notes.say(`${name}: bytes behind the compressed data hold no packet`)
  }
  return yield* window.inside(
    size,
    (bytes) => unpacked(bytes, size, heard),
    () => walkFile(window, Number.POSITIVE_INFINITY)
  )
}
