/** The CRC-32 of two runs of bytes after each other, from their own CRCs (zlib's method). */
export function combineCrc(first: number, second: number, secondLength: number): number {
  if (secondLength === 0) return first
  let odd = new Uint32Array(32)
  let even = new Uint32Array(32)
  odd[0] = 0xedb88320
  for (let i = 1; i < 32; i++) odd[i] = 1 << (i - 1)
  square(even, odd)
  square(odd, even)
  let crc = first >>> 0
  let length = secondLength
  while (length > 0) {
    square(even, odd)
    if (length % 2 === 1) crc = multiply(even, crc)
    length = Math.floor(length / 2)
    const swap = odd
    odd = even
    even = swap
  }
  return (crc ^ second) >>> 0
}

function multiply(matrix: Uint32Array, vector: number): number {
  let sum = 0
  let rest = vector >>> 0
  for (let i = 0; rest !== 0; i++, rest >>>= 1) {
    if (rest & 1) sum ^= matrix[i] ?? 0
  }
  return sum >>> 0
}

function square(into: Uint32Array, matrix: Uint32Array): void {
  for (let i = 0; i < 32; i++) into[i] = multiply(matrix, matrix[i] ?? 0)
}
