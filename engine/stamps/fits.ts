import { gunzipSync } from 'node:zlib'
import { SiskinError } from '../errors.ts'

/** One image of a FITS file; pixels row by row, the bottom row first. NaN where there is no value. */
export interface FitsImage {
  /** EXTNAME; empty for the first image. */
  readonly name: string
  readonly width: number
  readonly height: number
  readonly pixels: Float64Array
  /** Pixels that the file should have and has not. */
  readonly missing: number
  readonly cards: ReadonlyMap<string, string>
}

class FitsError extends SiskinError {
  override readonly name: string = 'FitsError'
  override readonly code = 'fits'
}

/** An image that is whole, of a kind that is not drawn. */
export class UndrawnKind extends FitsError {
  override readonly name = 'UndrawnKind'
}

const BLOCK = 2880
const CARD = 80
const MOST_CARDS = 36 * 200
/** Far beyond any stamp: a header that claims more is damaged. */
const MOST_PIXELS = 4096 * 4096
const MOST_BYTES = 256 * 1024 * 1024

/**
 * The images of a FITS file, gzipped or not, in the file itself or in its extensions. Tolerant as real
 * stamps demand: a value may stand in any column of its card, padding at the end may be missing, pixels
 * that are not there read as NaN, what is damaged behind the first image is left out.
 * @throws FitsError when it is no FITS file, or its first image is one that cannot be drawn.
 */
export function readFits(file: Uint8Array): FitsImage[] {
  const bytes = file[0] === 0x1f && file[1] === 0x8b ? inflate(file) : file
  const images: FitsImage[] = []
  try {
    for (let at = 0; at + CARD <= bytes.length;) {
      const header = readHeader(bytes, at, at === 0)
      if (!header) break
      const { image, next } = readUnit(bytes, header)
      if (image) images.push(image)
      at = next
    }
  } catch (error) {
    if (images.length === 0) throw error
  }
  if (images.length === 0) throw new FitsError('the FITS file holds no image')
  return images
}

interface Header {
  readonly cards: ReadonlyMap<string, string>
  /** Where the data begin. */
  readonly end: number
}

/** The image of a header and its data, if it is one, and where the next header begins. */
function readUnit(
  bytes: Uint8Array,
  { cards, end }: Header
): { image: FitsImage | null; next: number } {
  const sizes = axes(cards)
  const bits = numberOf(cards, 'BITPIX', 8)
  const count = sizes.length === 0 ? 0 : sizes.reduce((product, size) => product * size, 1)
  const length = (count * Math.abs(bits)) / 8 + Math.max(0, numberOf(cards, 'PCOUNT', 0))
  const next = end + padded(length)
  if (cards.get('ZIMAGE') === 'T') {
    const method = cards.get('ZCMPTYPE')
    throw new UndrawnKind(`its image is tile-compressed${method ? ` (${method})` : ''}`)
  }
  const isImage = (cards.get('XTENSION') ?? 'IMAGE') === 'IMAGE' && sizes.length >= 2 && count > 0
  if (!isImage) return { image: null, next }
  if (!(count <= MOST_PIXELS)) {
    throw new FitsError(
      `its header says ${sizes.join(' x ')} pixels, at most ${MOST_PIXELS} are read`
    )
  }
  return { image: imageOf(bytes, end, cards, bits, sizes), next }
}

function inflate(file: Uint8Array): Uint8Array {
  try {
    return gunzipSync(file, { maxOutputLength: MOST_BYTES })
  } catch (error) {
    throw new FitsError(`the gzipped stamp does not inflate: ${(error as Error).message}`)
  }
}

function padded(length: number): number {
  return Math.ceil(length / BLOCK) * BLOCK
}

/** Cards until END; null where no further header begins (padding, or bytes left over). */
function readHeader(bytes: Uint8Array, start: number, isFirst: boolean): Header | null {
  const cards = new Map<string, string>()
  let last = ''
  for (let n = 0; n < MOST_CARDS; n++) {
    const at = start + n * CARD
    const card = Buffer.from(bytes.subarray(at, at + CARD)).toString('latin1')
    const key = card.slice(0, 8).replace(/[\0 ]+$/, '')
    if (n === 0 && key !== (isFirst ? 'SIMPLE' : 'XTENSION')) {
      if (isFirst) throw new FitsError(`no FITS file: it begins with ${JSON.stringify(key)}`)
      return null
    }
    if (key === 'END') return { cards, end: start + padded((n + 1) * CARD) }
    if (card.length < CARD) break
    last = keepCard(cards, key, card, last)
  }
  throw new FitsError('the FITS header has no END')
}

/**
 * Of several cards of one name the first is kept. Long names (HIERARCH) stand before their "=", long texts go on in CONTINUE cards.
 * @returns the name that a CONTINUE card behind it belongs to
 */
function keepCard(cards: Map<string, string>, key: string, card: string, last: string): string {
  const begun = cards.get(last)
  if (key === 'CONTINUE' && begun?.endsWith('&')) {
    cards.set(last, begun.slice(0, -1) + valueOf(card.slice(8)))
    return last
  }
  const long = key === 'HIERARCH' ? /^HIERARCH +([^=]*[^= ]) *=/.exec(card) : null
  if (!long && card[8] !== '=') return last
  const name = long?.[1] ?? key
  if (!cards.has(name)) cards.set(name, valueOf(card.slice(long?.[0].length ?? 9)))
  return name
}

/** The value of a card without quotes and comment. */
function valueOf(text: string): string {
  const quoted = /^\s*'((?:[^']|'')*)'/.exec(text)
  if (quoted) return quoted[1]!.replaceAll("''", "'").trimEnd()
  return text.split('/', 1)[0]!.trim()
}

/** A numeric card; `fallback` where it is missing or says nothing. */
function numberOf(cards: ReadonlyMap<string, string>, key: string, fallback: number): number {
  const value = Number((cards.get(key) ?? '').replace(/d/i, 'E') || Number.NaN)
  return Number.isFinite(value) ? value : fallback
}

function axes(cards: ReadonlyMap<string, string>): number[] {
  const count = numberOf(cards, 'NAXIS', 0)
  const sizes = Array.from({ length: Math.min(Math.max(0, count), 999) }, (_, i) => {
    return numberOf(cards, `NAXIS${i + 1}`, 0)
  })
  const odd = sizes.find((size) => !Number.isInteger(size) || size < 0)
  if (odd !== undefined) throw new FitsError(`its header says that an axis has ${odd} pixels`)
  return sizes
}

function imageOf(
  bytes: Uint8Array,
  start: number,
  cards: ReadonlyMap<string, string>,
  bits: number,
  [width = 0, height = 0]: readonly number[]
): FitsImage {
  const read = pixelReader(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), bits)
  const scale = numberOf(cards, 'BSCALE', 1)
  const zero = numberOf(cards, 'BZERO', 0)
  const blank = bits > 0 ? numberOf(cards, 'BLANK', Number.NaN) : Number.NaN
  const size = Math.abs(bits) / 8
  const there = Math.min(width * height, Math.max(0, Math.floor((bytes.length - start) / size)))
  const pixels = new Float64Array(width * height).fill(Number.NaN)
  for (let i = 0; i < there; i++) {
    const value = read(start + i * size)
    pixels[i] = value === blank ? Number.NaN : zero + scale * value
  }
  const missing = width * height - there
  return { name: cards.get('EXTNAME') ?? '', width, height, pixels, missing, cards }
}

function pixelReader(view: DataView, bits: number): (at: number) => number {
  switch (bits) {
    case 8:
      return (at) => view.getUint8(at)
    case 16:
      return (at) => view.getInt16(at)
    case 32:
      return (at) => view.getInt32(at)
    case 64:
      return (at) => Number(view.getBigInt64(at))
    case -32:
      return (at) => view.getFloat32(at)
    case -64:
      return (at) => view.getFloat64(at)
    default:
      throw new FitsError(`BITPIX is ${bits}`)
  }
}

/**
 * Where north is in an image drawn with its last row on top: degrees from up, counter-clockwise in
 * (-180, 180]. Null without a world coordinate system.
 */
export function northAngle(cards: ReadonlyMap<string, string>): number | null {
  if (!cards.has('CRVAL1')) return null
  const [a, b, c, d] = matrixOf(cards)
  const determinant = a * d - b * c
  if (determinant === 0) return null
  const angle = (Math.atan2(b / determinant, a / determinant) * 180) / Math.PI
  return angle <= -180 ? 180 : angle
}

/**
 * From pixels to degrees, row by row: CDi_j, of which those that are not there are 0; else CDELTi times
 * PCi_j, or turned by the older CROTA2 (FITS standard 4.0, section 8.1.2).
 */
function matrixOf(cards: ReadonlyMap<string, string>): readonly [number, number, number, number] {
  if (CD.some((key) => cards.has(key))) {
    const [a, b, c, d] = CD.map((key) => numberOf(cards, key, 0))
    return [a!, b!, c!, d!]
  }
  const x = numberOf(cards, 'CDELT1', 1)
  const y = numberOf(cards, 'CDELT2', 1)
  const turn = (numberOf(cards, 'CROTA2', 0) * Math.PI) / 180
  if (turn !== 0 && !PC.some((key) => cards.has(key))) {
    const [sin, cos] = [Math.sin(turn), Math.cos(turn)]
    return [x * cos, -y * sin, x * sin, y * cos]
  }
  const [a, b, c, d] = PC.map((key, i) => numberOf(cards, key, i % 3 === 0 ? 1 : 0))
  return [x * a!, x * b!, y * c!, y * d!]
}

const CD = ['CD1_1', 'CD1_2', 'CD2_1', 'CD2_2']
const PC = ['PC1_1', 'PC1_2', 'PC2_1', 'PC2_2']
