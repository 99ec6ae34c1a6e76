import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { northAngle, readFits } from './fits.ts'
import { stampPng } from './png.ts'
import type { OpenedPacket, StampName } from './packet.ts'
import { textAt } from './record.ts'

/** A stamp written as a picture. */
export interface WrittenStamp {
  readonly name: StampName
  readonly path: string
  readonly width: number
  readonly height: number
  /** Degrees from up to north, counter-clockwise; null where the stamp does not say. */
  readonly north: number | null
}

/** Writes the stamps of a packet to a folder as `<alert id>-<stamp>.png`. */
export async function writeStamps(
  { alert, stamps }: OpenedPacket,
  folder: string
): Promise<WrittenStamp[]> {
  await mkdir(folder, { recursive: true })
  const written: WrittenStamp[] = []
  for (const [name, bytes] of Object.entries(stamps)) {
    const image = readFits(bytes)[0]!
    const path = join(folder, `${textAt(alert, 'alert_id')}-${name}.png`)
    await writeFile(path, stampPng(image))
    const { width, height, cards } = image
    written.push({ name: name as StampName, path, width, height, north: northAngle(cards) })
  }
  return written
}
