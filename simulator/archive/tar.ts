/** 2020-01-01: a fixed time keeps archives equal byte for byte. */
const MTIME = 1577836800
const RECORD = 512

function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, '0')}\0`
}

/** The ustar header of a regular file. */
export function tarHeader(name: string, size: number): Buffer {
  const head = Buffer.alloc(RECORD)
  head.write(name, 0, 100, 'latin1')
  head.write(octal(0o644, 8), 100, 'latin1')
  head.write(octal(0, 8), 108, 'latin1')
  head.write(octal(0, 8), 116, 'latin1')
  head.write(octal(size, 12), 124, 'latin1')
  head.write(octal(MTIME, 12), 136, 'latin1')
  head.write('        ', 148, 'latin1')
  head.write('0', 156, 'latin1')
  head.write('ustar\x0000', 257, 'latin1')
  const sum = head.reduce((total, byte) => total + byte, 0)
  head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return head
}

/** Zeros that fill the last record of a file. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((RECORD - (size % RECORD)) % RECORD)
}

/** Two empty records end an archive. */
export function tarEnd(): Buffer {
  return Buffer.alloc(2 * RECORD)
}

export interface TarFile {
  readonly name: string
  readonly bytes: Buffer
}

/** The files in the bytes of an archive of ours, in order; they are not copied. */
export function tarFiles(tar: Buffer): TarFile[] {
  const files: TarFile[] = []
  for (let at = 0; at + RECORD <= tar.length;) {
    const name = tar.toString('latin1', at, at + 100).replace(/\0.*$/, '')
    if (name === '') break
    const size = Number.parseInt(tar.toString('latin1', at + 124, at + 135), 8)
    files.push({ name, bytes: tar.subarray(at + RECORD, at + RECORD + size) })
    at += RECORD + Math.ceil(size / RECORD) * RECORD
  }
  return files
}
