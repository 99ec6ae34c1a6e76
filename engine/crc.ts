const POLYNOMIAL = 0xedb88320

/** x^(2^n) modulo the polynomial of CRC-32, bits reflected. */
const POWERS = new Uint32Array(32)
POWERS[0] = 1 << 30
for (let n = 1; n < 32; n++) POWERS[n] = multiply(POWERS[n - 1]!, POWERS[n - 1]!)

/** The CRC-32 of two runs of bytes after each other, from their own CRCs (zlib's method). */
export function combineCrc(first: number, second: number, secondLength: number): number {
  let shift = 1 << 31
  for (let n = 3, left = secondLength; left > 0; n++, left = Math.floor(left / 2)) {
    if (left % 2 === 1) shift = multiply(POWERS[n % 32]!, shift)
  }
  return (multiply(shift, first) ^ second) >>> 0
}

/** The product of two polynomials modulo that of CRC-32; `a` is not 0. */
function multiply(a: number, b: number): number {
  let product = 0
  let factor = b >>> 0
  for (let bit = 31; bit >= 0; bit--) {
    if ((a >>> bit) & 1) product ^= factor
    factor = factor & 1 ? (factor >>> 1) ^ POLYNOMIAL : factor >>> 1
  }
  return product >>> 0
}
