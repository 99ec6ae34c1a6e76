import { isAbsolute } from 'node:path'
import type { Need } from '../../contract/index.ts'
import { SiskinError, unknownName, UsageError } from '../../errors.ts'
import { openFolder } from '../../store/folder.ts'
import type { Asked } from '../asked.ts'
import { faultOf } from '../fault.ts'
import { later } from '../later.ts'
import { openHats } from './hats.ts'
import type { Hats } from './hats.ts'
import { askHats } from './match.ts'
import { piecesOf } from './pieces.ts'
import type { Piece } from './pieces.ts'
import { textOf } from './properties.ts'

/** Bytes of one catalogue that a member holds. */
const CACHE_BYTES = 128 * 1024 * 1024

/**
 * Opens the HATS catalogue `<folder>/<name>`, or the one whose address `<folder>/<name>.url` holds, for those who ask of it.
 * Null where there is none; one at a server that does not answer is opened when it does.
 * @throws UsageError where it is damaged, or has not what is asked
 */
export async function openHatsOf(
  folder: string,
  name: string,
  asked: readonly Need<unknown>[],
  warn: (message: string) => void
): Promise<Asked | null> {
  const address = await addressOf(folder, name)
  const open = async () => {
    const hats = await openHats(name, address ?? `${folder}/${name}`)
    if (hats) await expectColumns(hats, asked)
    return hats && askHats(hats, { cacheBytes: CACHE_BYTES, warn })
  }
  try {
    const opened = await open()
    if (opened || address === null) return opened
    throw new SiskinError(
      `there is no HATS catalogue at ${address}: register where it lies now (siskin catalogue add ${name} …)`
    )
  } catch (error) {
    if (error instanceof UsageError) throw error
    if (address === null) throw new UsageError(faultOf(name, error), { cause: error })
    warn(`${faultOf(name, error)}; it is tried again, meanwhile it is "unavailable"`)
    return later(name, open)
  }
}

/** Where a catalogue lies that is registered, a path beginning at the folder; null for none of that name. @throws UsageError */
export async function addressOf(folder: string, name: string): Promise<string | null> {
  const text = await textOf(openFolder(folder), `${name}.url`)
  const address = text?.trim()
  if (address === undefined || address.includes(':')) return address ?? null
  if (address === '') throw new UsageError(`catalogue ${name}: ${folder}/${name}.url is empty`)
  return isAbsolute(address) ? address : `${folder}/${address}`
}

/** By the first partition that can be read: all of a catalogue have the same columns. @throws UsageError */
async function expectColumns(hats: Hats, asked: readonly Need<unknown>[]): Promise<void> {
  const piece = await readablePiece(hats)
  if (!piece) return
  const types = new Map(piece.file.metadata.schema.slice(1).map((own) => [own.name, own.type]))
  for (const { column, kind } of asked) {
    const type = types.get(column)
    if (!types.has(column))
      throw unknownName(`column of catalogue ${hats.name}`, column, [...types.keys()])
    if (type !== undefined && KINDS[type]?.includes(kind)) continue
    throw new UsageError(
      `catalogue ${hats.name}: "${column}" is asked for as ${kind}, but is ${type ?? 'a list or struct'}`
    )
  }
}

/** Null for a catalogue without rows. @throws where none of the first partitions can be read */
async function readablePiece(hats: Hats): Promise<Piece | null> {
  let fault: unknown = null
  for (const pixel of hats.partitions.pixels.slice(0, MOST_TRIED)) {
    try {
      const [piece] = await piecesOf(hats, pixel)
      if (piece) return piece
    } catch (error) {
      fault ??= error
    }
  }
  if (fault !== null) throw fault
  return null
}

const MOST_TRIED = 10

const KINDS: Readonly<Record<string, readonly Need<unknown>['kind'][]>> = {
  DOUBLE: ['number'],
  FLOAT: ['number'],
  INT32: ['number', 'id'],
  INT64: ['number', 'id'],
  BYTE_ARRAY: ['text'],
  BOOLEAN: ['flag']
}
