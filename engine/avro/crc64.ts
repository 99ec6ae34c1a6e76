const LOW = new Uint32Array(256)
const HIGH = new Uint32Array(256)
for (let i = 0; i < 256; i++) {
  let low = i
  let high = 0
  for (let bit = 0; bit < 8; bit++) {
    const odd = low & 1
    low = ((low >>> 1) | (high << 31)) >>> 0
    high >>>= 1
    if (odd === 0) continue
    low = (low ^ 0xd7870f42) >>> 0
    high = (high ^ 0xc96c5795) >>> 0
  }
  LOW[i] = low
  HIGH[i] = high
}

/** CRC-64 of ECMA-182, reflected, as xz has it. */
export function crc64(bytes: Uint8Array): bigint {
  let low = 0xffffffff
  let high = 0xffffffff
  for (const byte of bytes) {
    const i = (low ^ byte) & 0xff
    low = (((low >>> 8) | (high << 24)) ^ LOW[i]!) >>> 0
    high = ((high >>> 8) ^ HIGH[i]!) >>> 0
  }
  return (BigInt(~high >>> 0) << 32n) | BigInt(~low >>> 0)
}
