import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync, inflateSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { openRegistry } from '../../engine/registry/registry.ts'
import { northAngle, readFits } from '../../engine/stamps/fits.ts'
import type { FitsImage } from '../../engine/stamps/fits.ts'
import { openPackets } from '../../engine/inspect/packet.ts'
import { stampPng, stretch } from '../../engine/inspect/png.ts'
import { inspect } from '../../jobs/inspect/inspect.ts'
import { siskin, temporaryFolder } from '../support/siskin.ts'

const DATA = fileURLToPath(new URL('../../../shared/data/', import.meta.url))
const hasData = existsSync(DATA)
if (!hasData) console.log(`skipped: real stamps, no ${DATA}`)

const BLOCK = 2880

function card(text: string): string {
  return text.padEnd(80)
}

/** A FITS file of 3 x 2 float32 pixels: 1 2 3 below, 4 5 6 above. */
function smallFits(simple = 'SIMPLE  =  T', more: readonly string[] = []): Buffer {
  const cards = [
    simple,
    'BITPIX  = -32',
    'NAXIS   = 2',
    'NAXIS1  = 3',
    'NAXIS2  = 2',
    ...more,
    'END'
  ]
  const pixels = Buffer.alloc(24)
  for (let i = 0; i < 6; i++) pixels.writeFloatBE(i + 1, i * 4)
  return Buffer.concat([Buffer.from(cards.map(card).join('').padEnd(BLOCK)), pixels])
}

describe('FITS', () => {
  test('a value in any column, no padding at the end, gzipped', () => {
    const [image] = readFits(gzipSync(smallFits()))
    expect(image).toMatchObject({ name: '', width: 3, height: 2 })
    expect([...image!.pixels]).toEqual([1, 2, 3, 4, 5, 6])
  })

  test('scaled values; text with a quote and a comment', () => {
    const [image] = readFits(
      smallFits('SIMPLE  = T', [
        'BSCALE  = 2.0 / twice',
        'BZERO   = 1E1',
        "BUNIT   = 'it''s DN ' / x"
      ])
    )
    expect([...image!.pixels]).toEqual([12, 14, 16, 18, 20, 22])
    expect(image!.cards.get('BUNIT')).toBe("it's DN")
  })

  test('long names, long texts, a name twice, exponents with d, an END that NULs follow', () => {
    const long = "LONG    = 'it''s a text that &'"
    const file = smallFits('SIMPLE  = T', [
      'HIERARCH LSST BUTLER ID = 7 / a = b',
      long,
      "CONTINUE  'goes on, &' / and on",
      "CONTINUE  'and ends'",
      "CONTINUE  'of nothing'",
      'TWICE   = 1',
      'TWICE   = 2',
      'BSCALE  = 2.0d0'
    ])
    const [image] = readFits(Buffer.from(file.map((byte, i) => (i > 1120 && i < BLOCK ? 0 : byte))))
    const { cards, pixels } = image!
    expect(cards.get('LSST BUTLER ID')).toBe('7')
    expect(cards.get('LONG')).toBe("it's a text that goes on, and ends")
    expect(cards.get('TWICE')).toBe('1')
    expect([...pixels]).toEqual([2, 4, 6, 8, 10, 12])
  })

  test('pixels that are not there read as NaN', () => {
    const cut = smallFits().subarray(0, BLOCK + 16)
    expect([...readFits(cut)[0]!.pixels]).toEqual([1, 2, 3, 4, Number.NaN, Number.NaN])
  })

  test('an image in an extension; what is damaged behind the first image is left out', () => {
    const empty = ['SIMPLE  = T', 'BITPIX  = 8', 'NAXIS   = 0', 'EXTEND  = T', 'END']
    const primary = Buffer.from(empty.map(card).join('').padEnd(BLOCK))
    const extension = smallFits("XTENSION= 'IMAGE   '")
    const padding = Buffer.alloc(BLOCK - 24)
    const broken = Buffer.from(card("XTENSION= 'IMAGE   '"))
    const images = readFits(Buffer.concat([primary, extension, padding, broken]))
    expect(images.map(({ width, height }) => [width, height])).toEqual([[3, 2]])
    expect([...images[0]!.pixels]).toEqual([1, 2, 3, 4, 5, 6])
  })

  test.each([
    ['ASCII table', ["XTENSION= 'TABLE   '"], /holds no image/],
    [
      'tile-compressed image',
      ["XTENSION= 'BINTABLE'", 'ZIMAGE  = T', "ZCMPTYPE= 'RICE_1  '"],
      /tile-compressed \(RICE_1\)/
    ]
  ])('an %s is no image', (_, [first = '', ...more], message) => {
    const empty = ['SIMPLE  = T', 'BITPIX  = 8', 'NAXIS   = 0', 'END']
    const primary = Buffer.from(empty.map(card).join('').padEnd(BLOCK))
    expect(() => readFits(Buffer.concat([primary, smallFits(first, more)]))).toThrow(message)
  })

  test.each([
    ['more pixels than memory', 'NAXIS1  = 3', 'NAXIS1  = 900000000', /at most \d+ are read/],
    ['an axis of -3', 'NAXIS1  = 3', 'NAXIS1  = -3', /an axis has -3 pixels/],
    ['half a pixel', 'NAXIS1  = 3', 'NAXIS1  = 2.5', /an axis has 2\.5 pixels/],
    ['endless axes', 'NAXIS   = 2', 'NAXIS   = 9e9', /holds no image/]
  ])('a header that claims %s is refused', (_, from, to, message) => {
    const text = smallFits().toString('latin1').replace(card(from), card(to))
    expect(() => readFits(Buffer.from(text, 'latin1'))).toThrow(message)
  })

  test.each([
    ['bytes that are no FITS', Buffer.from('hello '.repeat(100)), /no FITS file/],
    ['nothing', Buffer.alloc(0), /no image/],
    ['a header without END', Buffer.from(card('SIMPLE  = T').repeat(5)), /no END/],
    ['a broken gzip', gzipSync(smallFits()).subarray(0, 40), /does not inflate/],
    [
      'a strange pixel',
      Buffer.from(smallFits().toString('latin1').replace('-32', '-17'), 'latin1'),
      /BITPIX is -17/
    ]
  ])('refuses %s', (_, bytes, message) => {
    expect(() => readFits(bytes)).toThrow(message)
  })

  test('north: up without rotation, to the left after a quarter turn', () => {
    const cards = (entries: Record<string, number>) =>
      new Map(
        Object.entries({ CRVAL1: 10, ...entries }).map(([key, value]) => [key, String(value)])
      )
    expect(northAngle(cards({ PC1_1: -1, PC1_2: 0, PC2_1: 0, PC2_2: 1 }))).toBeCloseTo(0)
    expect(northAngle(cards({ CD1_1: 0, CD1_2: -1, CD2_1: -1, CD2_2: 0 }))).toBeCloseTo(90)
    expect(northAngle(new Map())).toBeNull()
  })

  // Degrees as astropy's world coordinate system has them.
  test.each([
    ['CD without its zeros', { CD1_2: 5e-5, CD2_1: 5e-5 }, -90],
    [
      'CD beside CDELT',
      { CDELT1: 1, CDELT2: 1, CD1_1: -4e-5, CD1_2: 3e-5, CD2_1: 3e-5, CD2_2: 4e-5 },
      -36.8699
    ],
    ['half a turn', { CD1_1: 5e-5, CD2_2: -5e-5 }, 180],
    [
      'PC without what is as in the unit matrix',
      { CDELT1: -5e-5, CDELT2: 5e-5, PC1_2: -0.5, PC2_1: 0.5 },
      -26.5651
    ],
    ['CROTA2', { CDELT1: -5e-5, CDELT2: 5e-5, CROTA2: 30 }, 30],
    ['CROTA2 and pixels that are not square', { CDELT1: -5e-5, CDELT2: 1e-4, CROTA2: 30 }, 49.1066]
  ])('north: %s', (_what, entries, degrees) => {
    const cards = Object.entries({ CRVAL1: 10, ...entries })
    expect(northAngle(new Map(cards.map(([key, v]) => [key, String(v)])))).toBeCloseTo(degrees, 3)
  })
})

describe('PNG', () => {
  test('grey, four screen pixels a pixel, the last row of the image on top', () => {
    const png = Buffer.from(stampPng(readFits(smallFits())[0]!))
    expect(png.subarray(1, 4).toString()).toBe('PNG')
    const { width, height, lines } = decodePng(png)
    expect([width, height]).toEqual([12, 8])
    const at = (x: number, y: number) => lines[y * 13 + 1 + x]!
    expect(at(11, 0)).toBe(255)
    expect(at(0, 7)).toBe(0)
    expect(at(0, 0)).toBe(at(3, 3))
    expect(at(0, 0)).toBeGreaterThan(at(11, 7))
  })

  test('one hot pixel does not darken the rest; NaN is black; a flat image is grey', () => {
    const pixels = Float64Array.from({ length: 1000 }, (_, i) => i % 100)
    pixels[0] = 1e9
    pixels[1] = Number.NaN
    const grey = stretch(pixels)
    expect([grey[0], grey[1]]).toEqual([255, 0])
    expect(grey[50]).toBeGreaterThan(100)
    expect(new Set(stretch(new Float64Array(9).fill(5))).size).toBe(1)
  })
})

/** What our own writer makes, read back: every chunk in place. */
function decodePng(png: Buffer) {
  let data = Buffer.alloc(0)
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at)
    const type = png.toString('latin1', at + 4, at + 8)
    if (type === 'IDAT') data = inflateSync(png.subarray(at + 8, at + 8 + length))
    at += 12 + length
  }
  return { width: png.readUInt32BE(16), height: png.readUInt32BE(20), lines: data }
}

describe.skipIf(!hasData)('stamps of real packets', () => {
  const imagesOf = async (path: string): Promise<FitsImage[][]> => {
    const { packets } = await openPackets(path, openRegistry(`${DATA}lsst/schemas`), 3)
    return packets.flatMap(({ stamps }) => Object.values(stamps).map(readFits))
  }

  test('ZTF: one image of 63 x 63, most of it above zero', async () => {
    const all = await imagesOf(`${DATA}ztf/ztf_public_sample.tar.gz`)
    expect(all.length).toBe(9)
    for (const images of all) {
      expect(images.map(({ width, height }) => [width, height])).toEqual([[63, 63]])
      expect(images[0]!.pixels.filter((value) => Number.isFinite(value)).length).toBeGreaterThan(
        3000
      )
      expect(decodePng(Buffer.from(stampPng(images[0]!))).width).toBe(252)
    }
  })

  test.each(['7912941781254298.v900', '169813006111211570.v1000'])(
    'LSST %s: image, variance and PSF, and where north is',
    async (name) => {
      const all = await imagesOf(`${DATA}lsst/${name}.confluent`)
      expect(all.length).toBe(3)
      for (const images of all) {
        expect(images.map((image) => image.name)).toEqual(['', 'UNCERT', 'PSFIMAGE'])
        expect(images[0]!.width).toBeGreaterThanOrEqual(30)
        expect(Math.abs(northAngle(images[0]!.cards)!)).toBeLessThanOrEqual(180)
        const psf = images[2]!.pixels.reduce((sum, value) => sum + value, 0)
        expect(psf).toBeCloseTo(1, 1)
      }
    }
  )
})

const CASES = `${DATA}cases/c10-stamps/`
const hasCases = existsSync(CASES)
if (!hasCases) console.log(`skipped: damaged stamps, no ${CASES}`)

describe.skipIf(!hasCases)('damaged stamps: what can be drawn is drawn, the rest is named', () => {
  test.each([
    ['all-nan', 'difference science template', []],
    ['image-in-extension', 'difference science template', []],
    ['one-cut-short', 'difference science', ['template damaged']],
    ['one-empty', 'difference science', []],
    ['one-not-fits', 'difference template', ['science damaged']],
    ['tile-compressed', 'difference template', ['science cannot be drawn']]
  ])('%s', async (name, drawn, undrawn) => {
    const folder = temporaryFolder()
    const thing = `${CASES}${name}.avro`
    const { stamps, text } = await inspect({ thing, lake: '', schemas: null, stamps: folder })
    const files = readdirSync(folder).map((file) => /-(\w+)\.png$/.exec(file)?.[1])
    expect(new Set(files)).toEqual(new Set(drawn.split(' ')))
    const named = stamps!.undrawn.map(
      ({ name: stamp, reason }) => `${stamp} ${reason.split(':')[0]}`
    )
    expect(named).toEqual(undrawn)
    for (const { reason } of stamps!.undrawn) expect(text).toContain(reason)
  })

  test('none that can be drawn is a failure', async () => {
    const args = ['inspect', `${CASES}one-cut-short.avro`, '--stamps']
    expect((await siskin([...args, temporaryFolder()])).code).toBe(0)
    const refused = await siskin([...args, `${CASES}one-cut-short.avro`])
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(/^siskin: --stamps .*: EEXIST: .*\n$/)
    const nowhere = await siskin([...args, '/proc/siskin/stamps'])
    expect(nowhere.code).toBe(1)
    expect(nowhere.stderr).toMatch(/^siskin: --stamps .*: ENOENT: .*\n$/)
  })
})
