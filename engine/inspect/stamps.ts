import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf, SiskinError } from '../errors.ts'
import { makeFolder } from '../make-folder.ts'
import { northAngle, readFits, UndrawnKind } from '../stamps/fits.ts'
import type { FitsImage } from '../stamps/fits.ts'
import { stampPng } from './png.ts'
import type { OpenedPacket, StampName } from './packet.ts'
import { textAt } from './record.ts'

/** A stamp written as a picture. */
interface WrittenStamp {
  readonly alert: string
  readonly name: StampName
  readonly path: string
  readonly width: number
  readonly height: number
  /** Degrees from up to north, counter-clockwise; null where the stamp does not say. */
  readonly north: number | null
}

/** A stamp that is no picture, and why. */
interface UndrawnStamp {
  readonly alert: string
  /** Null: all that the alert has. */
  readonly name: StampName | null
  readonly reason: string
}

export interface Stamps {
  readonly written: readonly WrittenStamp[]
  readonly undrawn: readonly UndrawnStamp[]
}

export const NO_STAMPS: Stamps = { written: [], undrawn: [] }

export function joinStamps(all: readonly Stamps[]): Stamps {
  return {
    written: all.flatMap(({ written }) => written),
    undrawn: all.flatMap(({ undrawn }) => undrawn)
  }
}

/**
 * Writes the stamps of a packet to a folder as `<alert id>-<stamp>.png`. One that is damaged or of a kind
 * that is not drawn is named, and the others are written.
 * @throws SiskinError when the folder cannot be written
 */
export async function writeStamps(
  { alert, stamps }: OpenedPacket,
  folder: string
): Promise<Stamps> {
  const id = textAt(alert, 'alert_id')
  const written: WrittenStamp[] = []
  const undrawn: UndrawnStamp[] = []
  for (const [key, bytes] of Object.entries(stamps)) {
    const name = key as StampName
    const drawn = draw(bytes)
    if ('reason' in drawn) {
      undrawn.push({ alert: id, name, reason: drawn.reason })
      continue
    }
    const path = join(folder, `${id}-${name}.png`)
    await write(folder, path, drawn.png)
    const { width, height, cards } = drawn.image
    written.push({ alert: id, name, path, width, height, north: northAngle(cards) })
  }
  return { written, undrawn }
}

function draw(bytes: Uint8Array): { image: FitsImage; png: Uint8Array } | { reason: string } {
  try {
    const image = readFits(bytes)[0]!
    const { missing, width, height } = image
    if (missing === 0) return { image, png: stampPng(image) }
    return { reason: `damaged: ${missing} of its ${width * height} pixels are missing` }
  } catch (error) {
    const what = error instanceof UndrawnKind ? 'cannot be drawn' : 'damaged'
    return { reason: `${what}: ${messageOf(error)}` }
  }
}

async function write(folder: string, path: string, png: Uint8Array): Promise<void> {
  try {
    makeFolder(folder)
    await writeFile(path, png)
  } catch (error) {
    throw new SiskinError(`--stamps ${folder}: ${messageOf(error)}`, 1, { cause: error })
  }
}
