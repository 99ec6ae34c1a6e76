import { amount } from '../amount.ts'
import { Damage, isGzip, readBytes } from './bytes.ts'
import { messageOf, SiskinError } from '../errors.ts'
import type { Notes } from './notes.ts'
import { readWhole } from '../store/files.ts'
import { walkPackets } from './packed.ts'
import { walkFile } from './walk.ts'
import type { Walk, Window } from './window.ts'

const LARGE = 16 * 1024 * 1024

/** Takes the packets of a file that lies by itself, gzipped or not. */
export async function* walkLoose(
  path: string,
  file: { readonly name: string; readonly size: number },
  window: Window,
  onRead: (bytes: number) => void,
  notes: Notes
): Walk {
  await window.close()
  window.scanner.enter(file.name)
  if (file.size <= LARGE) {
    window.from(whole(path, file.size))
    yield* walkPackets(window, file, notes)
    onRead(file.size)
    return
  }
  const gzipped = await isGzip(path)
  const bytes = readBytes(path, onRead, (count) =>
    notes.say(`${path}: ${amount(count, 'byte')} behind the compressed data hold no packet`)
  )
  window.from(gzipped ? untilDamage(bytes, window) : bytes)
  yield* walkFile(window, gzipped ? Number.POSITIVE_INFINITY : file.size)
}

async function* whole(path: string, size: number): AsyncGenerator<Uint8Array> {
  let bytes: Uint8Array
  try {
    bytes = await readWhole(path, size)
  } catch (error) {
    throw new SiskinError(`${path} cannot be read: ${messageOf(error)}`, 1, { cause: error })
  }
  yield bytes
}

/** Where a gzipped file breaks, its last packet is damaged: files behind it in the folder are read on. */
async function* untilDamage(
  bytes: AsyncIterable<Uint8Array>,
  window: Window
): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes
  } catch (error) {
    if (!(error instanceof Damage)) throw error
    window.cause = `gzip: ${messageOf(error)}`
  }
}
