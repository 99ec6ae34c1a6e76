/** One entry of a tar archive (POSIX ustar, with pax and GNU long names). */
export interface TarEntry {
  readonly name: string
  readonly size: number
  readonly kind: TarKind
  /** What a link points to. */
  readonly link: string
}

type TarKind =
  | 'file'
  | 'sparse'
  | 'hard-link'
  | 'symbolic-link'
  | 'folder'
  | 'device'
  | 'long-name'
  | 'pax'
  | 'note'
  | 'nameless'
  | 'other'
  | 'end'

export const TAR_BLOCK = 512

/** Reads the 512-byte header at `at`. Null when its checksum is wrong: the archive is damaged there. */
export function readTarHeader(bytes: Uint8Array, at: number): TarEntry | null {
  const header = bytes.subarray(at, at + TAR_BLOCK)
  if (isZero(header)) return { name: '', size: 0, kind: 'end', link: '' }
  if (!isSummed(header)) return null
  const magic = text(header, 257, 6)
  const prefix = magic.startsWith('ustar') && magic !== 'ustar ' ? text(header, 345, 155) : ''
  const name = text(header, 0, 100)
  const kind = KINDS[String.fromCharCode(header[156]!)] ?? 'other'
  return {
    name: prefix ? `${prefix}/${name}` : name,
    size: tarNumber(header, 124, 12),
    kind,
    link: text(header, 157, 100)
  }
}

/**
 * `note`: says something of entries, as `long-name` and `pax` do, that no packet needs (long link names, defaults of
 * pax). `nameless`: an entry that is no file (lists of folders, volume labels).
 */
const KINDS: Record<string, TarKind> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  '1': 'hard-link',
  '2': 'symbolic-link',
  '3': 'device',
  '4': 'device',
  '5': 'folder',
  '6': 'device',
  S: 'sparse',
  L: 'long-name',
  K: 'note',
  D: 'nameless',
  V: 'nameless',
  g: 'note',
  x: 'pax',
  X: 'pax'
}

/** As unsigned bytes, or signed as some old programs did. */
function isSummed(header: Uint8Array): boolean {
  const told = tarNumber(header, 148, 8)
  let unsigned = 0
  let signed = 0
  for (let i = 0; i < TAR_BLOCK; i++) {
    const byte = i >= 148 && i < 156 ? 32 : header[i]!
    unsigned += byte
    signed += byte > 127 ? byte - 256 : byte
  }
  return told === unsigned || told === signed
}

const ZEROS = new Uint8Array(64 * 1024)

export function isZero(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += ZEROS.length) {
    const piece = bytes.subarray(at, at + ZEROS.length)
    if (Buffer.compare(piece, ZEROS.subarray(0, piece.length)) !== 0) return false
  }
  return true
}

const latin = new TextDecoder('latin1')
const utf8 = new TextDecoder()

function text(header: Uint8Array, from: number, length: number): string {
  const field = header.subarray(from, from + length)
  const zero = field.indexOf(0)
  return utf8.decode(zero < 0 ? field : field.subarray(0, zero))
}

/** Octal, or big-endian binary where the first bit is set (files over 8 GiB). NaN for what is neither. */
export function tarNumber(header: Uint8Array, from: number, length: number): number {
  if (header[from]! >= 0x80) {
    let value = header[from]! & 0x7f
    for (let i = 1; i < length; i++) value = value * 256 + header[from + i]!
    return value
  }
  const [digits = ''] = latin.decode(header.subarray(from, from + length)).split('\0')
  const octal = digits.trim()
  if (octal === '') return 0
  return /^[0-7]+$/.test(octal) ? Number.parseInt(octal, 8) : Number.NaN
}

/** Attributes of a pax header in their order; null where a record is not what its length says. */
export function readPax(bytes: Uint8Array): [key: string, value: string][] | null {
  const found: [string, string][] = []
  for (let at = 0; at < bytes.length && bytes[at] !== 0;) {
    const space = bytes.indexOf(0x20, at)
    const digits = space < 0 ? '' : latin.decode(bytes.subarray(at, space))
    const end = at + Number(digits)
    const equals = bytes.indexOf(0x3d, space)
    const isRecord = /^\d{1,7}$/.test(digits) && end <= bytes.length && bytes[end - 1] === 0x0a
    if (!isRecord || equals < 0 || equals >= end) return null
    const key = utf8.decode(bytes.subarray(space + 1, equals))
    found.push([key, utf8.decode(bytes.subarray(equals + 1, end - 1))])
    at = end
  }
  return found
}
