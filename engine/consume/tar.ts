/** One entry of a tar archive (POSIX ustar, with pax and GNU long names). */
export interface TarEntry {
  readonly name: string
  readonly size: number
  readonly kind: 'file' | 'long-name' | 'pax' | 'other' | 'end'
}

export const TAR_BLOCK = 512

/** Reads the 512-byte header at `at`. Null when its checksum is wrong: the archive is damaged there. */
export function readTarHeader(bytes: Uint8Array, at: number): TarEntry | null {
  const header = bytes.subarray(at, at + TAR_BLOCK)
  if (header.every((byte) => byte === 0)) return { name: '', size: 0, kind: 'end' }
  let sum = 0
  for (let i = 0; i < TAR_BLOCK; i++) sum += i >= 148 && i < 156 ? 32 : header[i]!
  if (sum !== number(header, 148, 8)) return null
  const prefix = text(header, 345, 155)
  const name = text(header, 0, 100)
  const kind = KINDS[String.fromCharCode(header[156]!)] ?? 'other'
  return { name: prefix ? `${prefix}/${name}` : name, size: number(header, 124, 12), kind }
}

const KINDS: Record<string, TarEntry['kind']> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  L: 'long-name',
  x: 'pax'
}

const latin = new TextDecoder('latin1')
const utf8 = new TextDecoder()

function text(header: Uint8Array, from: number, length: number): string {
  const field = header.subarray(from, from + length)
  const zero = field.indexOf(0)
  return utf8.decode(zero < 0 ? field : field.subarray(0, zero))
}

/** Octal, or big-endian binary where the first bit is set (files over 8 GiB). */
function number(header: Uint8Array, from: number, length: number): number {
  if (header[from]! >= 0x80) {
    let value = header[from]! & 0x7f
    for (let i = 1; i < length; i++) value = value * 256 + header[from + i]!
    return value
  }
  const digits = latin
    .decode(header.subarray(from, from + length))
    .replace(/[\0 ]+$/, '')
    .trim()
  return digits === '' ? 0 : Number.parseInt(digits, 8)
}

/** The path and size that a pax header sets for the entry after it. */
export function readPax(bytes: Uint8Array): { path?: string; size?: number } {
  const found: { path?: string; size?: number } = {}
  for (const [, key, value] of utf8.decode(bytes).matchAll(/\d+ ([^=]+)=([^\n]*)\n/g)) {
    if (key === 'path') found.path = value!
    if (key === 'size') found.size = Number(value)
  }
  return found
}
