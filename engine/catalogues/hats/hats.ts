import { createHash } from 'node:crypto'
import { messageOf, SiskinError } from '../../errors.ts'
import { openFolder } from '../../store/folder.ts'
import type { Folder } from '../../store/folder.ts'
import { PixelSet } from './pixels.ts'
import type { Pixel } from './pixels.ts'
import { primaryOf, readProperties, textOf } from './properties.ts'
import type { Properties } from './properties.ts'

/** A catalogue in HATS form, open: its partitions are known, nothing of them is read. */
export interface Hats {
  readonly name: string
  /** The first 12 hex digits of the SHA-256 of what it says of itself. */
  readonly version: string
  readonly folder: Folder
  readonly properties: Properties
  readonly columns: { readonly ra: string; readonly dec: string; readonly healpix: string | null }
  /** Pixels that have rows of their own. */
  readonly partitions: PixelSet
  /** Where it may have something; outside it says nothing. Null: all over the sky. */
  readonly footprint: PixelSet | null
  /** Files of a partition. */
  filesOf(pixel: Pixel): Promise<readonly string[]>
}

export const FOOTPRINT = 'footprint.json'

/**
 * Opens a catalogue, or the primary one of a collection (HATS 1.0, IVOA Note 2025): on this machine, in HDFS, at a web server.
 * @returns null where there is none
 * @throws SiskinError that says what it lacks
 */
export async function openHats(name: string, address: string): Promise<Hats | null> {
  const folder = openFolder(address)
  const below = await primaryOf(folder)
  const properties = await readProperties(folder, below)
  if (!properties) return null
  const need = (key: string) => {
    const value = properties.get(key)
    if (value !== undefined) return value
    throw new SiskinError(`catalogue ${name}: the properties of ${address} name no ${key}`)
  }
  const type = properties.get('dataproduct_type') ?? 'object'
  if (type !== 'object' && type !== 'source') {
    throw new SiskinError(
      `catalogue ${name}: ${address} is a table of ${type}s: objects or sources are wanted`
    )
  }
  const columns = {
    ra: need('hats_col_ra'),
    dec: need('hats_col_dec'),
    healpix: properties.get('hats_col_healpix') ?? null
  }
  const data = `${below}${await dataFolder(folder, below)}`
  const info = await textOf(folder, `${below}partition_info.csv`)
  const pixels = info === null ? await listed(name, folder, data) : parseInfo(name, info)
  const partitions = new PixelSet(pixels)
  const hash = createHash('sha256')
  for (const [key, value] of properties) hash.update(`${key}=${value}\n`)
  hash.update(pixels.map(({ order, pixel }) => `${order}/${pixel}`).join())
  return {
    name,
    version: hash.digest('hex').slice(0, 12),
    folder,
    properties,
    columns,
    partitions,
    footprint: await footprintOf(name, folder, below, partitions),
    filesOf: (pixel) => filesOf(folder, `${data}${pathOf(pixel)}`, properties)
  }
}

/** `dataset/`; nothing in catalogues of before. */
async function dataFolder(folder: Folder, below: string): Promise<string> {
  if (!folder.list) return 'dataset/'
  return (await folder.list(`${below}dataset`)).length > 0 ? 'dataset/' : ''
}

/** Its folder and name without an ending. */
export function pathOf({ order, pixel }: Pixel): string {
  return `Norder=${order}/Dir=${Math.floor(pixel / 10_000) * 10_000}/Npix=${pixel}`
}

async function filesOf(folder: Folder, path: string, properties: Properties): Promise<string[]> {
  const ending = properties.get('hats_npix_suffix') ?? '.parquet'
  if (ending !== '/') return [`${path}${ending}`]
  const files = (await folder.list?.(path)) ?? []
  return files.map((file) => file.path).filter((own) => /\.(parquet|parq|pq)$/.test(own))
}

/** `Norder,Npix`, perhaps with other columns and an order of its own. */
function parseInfo(name: string, text: string): Pixel[] {
  const [head = '', ...lines] = text.split(/\r?\n/).filter((line) => line.trim() !== '')
  const names = head.split(',').map((own) => own.trim())
  const [order, pixel] = [names.indexOf('Norder'), names.indexOf('Npix')]
  if (order < 0 || pixel < 0) {
    throw new SiskinError(`catalogue ${name}: its partition_info.csv has no Norder and Npix`)
  }
  return lines.map((line, at) => {
    const cells = line.split(',')
    const found = { order: Number(cells[order]), pixel: Number(cells[pixel]) }
    if (isPixel(found)) return found
    throw new SiskinError(
      `catalogue ${name}: line ${at + 2} of its partition_info.csv is no pixel: "${line}"`
    )
  })
}

function isPixel({ order, pixel }: Pixel): boolean {
  const whole = Number.isInteger(order) && Number.isInteger(pixel)
  return whole && order >= 0 && order <= 24 && pixel >= 0 && pixel < 12 * 4 ** order
}

async function listed(name: string, folder: Folder, data: string): Promise<Pixel[]> {
  if (!folder.list) {
    throw new SiskinError(
      `catalogue ${name}: ${folder.root} has no partition_info.csv, and a web server lists no folder`
    )
  }
  const found = new Map<string, Pixel>()
  for (const { path } of await folder.list(data.replace(/\/$/, ''))) {
    const match = /Norder=(\d+)\/(?:Dir=\d+\/)?Npix=(\d+)/.exec(path)
    if (match) found.set(match[0], { order: Number(match[1]), pixel: Number(match[2]) })
  }
  return [...found.values()]
}

/** As Siskin writes it, the JSON form of a MOC (IVOA MOC 2.0); else the partitions, which is rougher. */
async function footprintOf(
  name: string,
  folder: Folder,
  below: string,
  partitions: PixelSet
): Promise<PixelSet | null> {
  const text = await textOf(folder, `${below}${FOOTPRINT}`)
  if (text === null) return partitions
  try {
    const moc = JSON.parse(text) as Record<string, number[]>
    if (moc['0']?.length === 12) return null
    return new PixelSet(
      Object.entries(moc).flatMap(([order, pixels]) =>
        pixels.map((pixel) => ({ order: Number(order), pixel }))
      )
    )
  } catch (error) {
    throw new SiskinError(`catalogue ${name}: its ${FOOTPRINT} is damaged: ${messageOf(error)}`)
  }
}
