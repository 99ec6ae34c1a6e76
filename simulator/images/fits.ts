const BLOCK = 2880

function padTo(buffer: Buffer, fill: number): Buffer {
  const rest = buffer.length % BLOCK
  return rest === 0 ? buffer : Buffer.concat([buffer, Buffer.alloc(BLOCK - rest, fill)])
}

function header(cards: readonly string[]): Buffer {
  const text = [...cards, 'END'].map((card) => card.padEnd(80)).join('')
  return padTo(Buffer.from(text, 'latin1'), 32)
}

function card(name: string, value: number | string): string {
  if (typeof value === 'string') return `${name.padEnd(8)}= '${value.padEnd(8)}'`
  return `${name.padEnd(8)}= ${String(value).padStart(20)}`
}

function floats(values: Float32Array | Float64Array, size: 4 | 8): Buffer {
  const out = Buffer.alloc(values.length * size)
  for (let i = 0; i < values.length; i++) {
    if (size === 4) out.writeFloatBE(values[i] ?? 0, i * 4)
    else out.writeDoubleBE(values[i] ?? 0, i * 8)
  }
  return out
}

/**
 * A ZTF stamp: one image, 63 x 63 float32. The SIMPLE card is not in the standard's column, as in
 * the survey's own packets.
 */
export function ztfFits(values: Float32Array, width: number): Buffer {
  const cards = [
    'SIMPLE  =  T',
    card('BITPIX', -32),
    card('NAXIS', 2),
    card('NAXIS1', width),
    card('NAXIS2', width),
    card('BUNIT', 'DN')
  ]
  return Buffer.concat([header(cards), padTo(floats(values, 4), 0)])
}

/** Where a cutout lies on the sky. */
export interface Placement {
  readonly ra: number
  readonly dec: number
  readonly rotation: number
}

function logical(name: string): string {
  return `${name.padEnd(8)}= ${'T'.padStart(20)}`
}

function plane(width: number, bits: number, extra: readonly string[]): string[] {
  return [
    card('BITPIX', bits),
    card('NAXIS', 2),
    card('NAXIS1', width),
    card('NAXIS2', width),
    ...extra
  ]
}

function worldCoordinates(width: number, at: Placement): string[] {
  const scale = 0.2 / 3600
  const cos = (Math.cos((at.rotation * Math.PI) / 180) * scale).toExponential(12)
  const sin = (Math.sin((at.rotation * Math.PI) / 180) * scale).toExponential(12)
  const number = (name: string, value: string): string =>
    `${name.padEnd(8)}= ${value.toUpperCase().padStart(20)}`
  return [
    card('WCSAXES', 2),
    card('CRPIX1', width / 2 + 0.5),
    card('CRPIX2', width / 2 + 0.5),
    number('PC1_1', `-${cos}`.replace('--', '')),
    number('PC1_2', sin),
    number('PC2_1', sin),
    number('PC2_2', cos),
    card('CDELT1', 1),
    card('CDELT2', 1),
    card('CUNIT1', 'deg'),
    card('CUNIT2', 'deg'),
    card('CTYPE1', 'RA---TAN'),
    card('CTYPE2', 'DEC--TAN'),
    number('CRVAL1', at.ra.toFixed(12)),
    number('CRVAL2', at.dec.toFixed(12))
  ]
}

/** An LSST cutout: image and variance, 30 x 30 float32, and the PSF, 41 x 41 float64, as in the survey's own packets. */
export function lsstFits(
  image: Float32Array,
  variance: Float32Array,
  psf: Float64Array,
  width: number,
  at: Placement
): Buffer {
  const psfWidth = Math.round(Math.sqrt(psf.length))
  const primary = [
    logical('SIMPLE'),
    ...plane(width, -32, [
      logical('EXTEND'),
      card('ROTPA', Number(at.rotation.toFixed(10))),
      card('BUNIT', 'nJy'),
      ...worldCoordinates(width, at)
    ])
  ]
  const extension = (name: string, size: number, bits: number): Buffer =>
    header([
      card('XTENSION', 'IMAGE'),
      ...plane(size, bits, [card('PCOUNT', 0), card('GCOUNT', 1), card('EXTNAME', name)])
    ])
  return Buffer.concat([
    header(primary),
    padTo(floats(image, 4), 0),
    extension('UNCERT', width, -32),
    padTo(floats(variance, 4), 0),
    extension('PSFIMAGE', psfWidth, -64),
    padTo(floats(psf, 8), 0)
  ])
}
