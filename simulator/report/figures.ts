import { gunzipSync } from 'node:zlib'
import { CLASSES } from '../population/objects.ts'
import type { ClassName, SkyObject } from '../population/objects.ts'
import type { NightMaker } from '../night/night.ts'
import { pastMeasurements } from '../observe/history.ts'
import { magFromFlux } from '../../engine/contract/index.ts'
import { populationOf } from './targets.ts'
import type { Sample } from './targets.ts'
import { sceneOf } from '../images/scene.ts'
import { galactic } from '../sky/sky.ts'
import { render } from '../images/stamps.ts'
import { Drawing, linear } from './svg.ts'

const COLOURS: Readonly<Record<string, string>> = {
  bogus: '#888888',
  variable: '#1f77b4',
  sso: '#2ca02c',
  transient: '#d62728',
  g: '#2ca02c',
  r: '#d62728'
}
const POPULATIONS = ['bogus', 'variable', 'sso', 'transient'] as const

/** Equal-area (sinusoidal) galactic maps, one per population. */
export function skyMaps({ alerts }: Sample): Drawing {
  const drawing = new Drawing(820, 480)
  for (const [i, population] of POPULATIONS.entries()) {
    const [left, top] = [10 + (i % 2) * 405, 25 + Math.floor(i / 2) * 235]
    const list = alerts.filter((alert) => populationOf(alert.cls) === population)
    drawing.text(left, top - 8, `${population}: ${list.length} alerts, galactic`)
    const edge = (sign: number): [number, number][] =>
      Array.from({ length: 37 }, (_, k) => {
        const lat = -90 + 5 * k
        return [left + 195 + sign * 195 * Math.cos((lat * Math.PI) / 180), top + 100 - lat * 1.1]
      })
    drawing.line(edge(1), '#bbb')
    drawing.line(edge(-1), '#bbb')
    const step = Math.max(1, Math.ceil(list.length / 3000))
    for (const alert of list.filter((_, k) => k % step === 0)) {
      const { lon, lat } = galactic(alert)
      const x = (((540 - lon) % 360) - 180) * Math.cos((lat * Math.PI) / 180)
      drawing.circle(
        left + 195 + (x / 180) * 195,
        top + 100 - lat * 1.1,
        1,
        COLOURS[population] ?? ''
      )
    }
  }
  return drawing
}

/** Histograms of magpsf by population. */
export function magnitudes({ alerts }: Sample): Drawing {
  const drawing = new Drawing(820, 480)
  for (const [i, population] of POPULATIONS.entries()) {
    const [left, top] = [40 + (i % 2) * 405, 25 + Math.floor(i / 2) * 235]
    const counts = Array.from({ length: 40 }, () => 0)
    for (const alert of alerts) {
      const bin = Math.floor((alert.magpsf - 12) * 4)
      if (populationOf(alert.cls) === population) counts[bin] = (counts[bin] ?? 0) + 1
    }
    const height = linear([0, Math.max(...counts, 1)], [0, 180])
    drawing.text(left, top - 5, `${population}: magpsf`)
    for (const [bin, count] of counts.entries()) {
      const high = height(count)
      drawing.bar(left + bin * 9, top + 185 - high, 8, high, COLOURS[population] ?? '')
      if (bin % 8 === 0) drawing.text(left + bin * 9, top + 200, String(12 + bin / 4), 10)
    }
  }
  return drawing
}

/** One object of each class with its packet's history, seen in some night. */
function examples(maker: NightMaker, nights: readonly number[]): Map<ClassName, SkyObject> {
  const found = new Map<ClassName, { object: SkyObject; points: number }>()
  for (const night of nights) {
    for (const exposure of maker.cadence.plan(night).exposures.filter((_, i) => i % 3 === 0)) {
      for (const { object } of maker.alerts(exposure)) {
        const best = found.get(object.cls)
        if (best && best.points > 12) continue
        const past = pastMeasurements('ztf', maker.cadence, object, exposure.mjd, 60)
        const points = past.filter((point) => point.detected).length
        if (!best || points > best.points) found.set(object.cls, { object, points })
      }
    }
  }
  return new Map([...found].map(([cls, { object }]) => [cls, object]))
}

export function lightCurves(maker: NightMaker, nights: readonly number[]): Drawing {
  const objects = examples(maker, nights)
  const drawing = new Drawing(1000, Math.ceil(objects.size / 4) * 150 + 20)
  const shown = CLASSES.filter((cls) => objects.has(cls))
  for (const [i, cls] of shown.entries()) {
    const object = objects.get(cls)
    if (!object) continue
    const [left, top] = [30 + (i % 4) * 245, 25 + Math.floor(i / 4) * 150]
    const middle = object.peak ?? nights.at(-1) ?? 61000
    const to = Number.isFinite(object.to) ? middle + 60 : middle
    const points = pastMeasurements('ztf', maker.cadence, object, to, 120)
    const flux = points.filter((point) => point.detected).map((point) => point.flux)
    drawing.text(left, top - 5, `${cls}: difference flux, microJy; open: limit`, 10)
    if (flux.length === 0) continue
    const x = linear([to - 120, to], [left, left + 210])
    const y = linear([Math.min(0, ...flux), Math.max(0, ...flux)], [top + 110, top + 5])
    drawing.line(
      [
        [left, y(0)],
        [left + 210, y(0)]
      ],
      '#ccc'
    )
    for (const { exposure, flux, detected } of points) {
      if (!detected) drawing.circle(x(exposure.mjd), y(0), 1, '#bbb')
      else drawing.circle(x(exposure.mjd), y(flux), 2, COLOURS[exposure.band] ?? '#000')
    }
    drawing.text(left, top + 122, `${(Math.max(...flux) / 1000).toFixed(1)} max`, 9)
  }
  return drawing
}

/** Limits of every exposure of sixty nights: Moon, clouds, weather. */
export function cadenceFigure({ cadence, nights }: Sample): Drawing {
  const drawing = new Drawing(820, 300)
  const first = nights[0] ?? 61000
  const x = linear([first, first + 60], [50, 800])
  const y = linear([17.5, 21.2], [270, 20])
  for (let night = first; night < first + 60; night++) {
    for (const { mjd, limit, band } of cadence.plan(night).exposures) {
      drawing.circle(x(mjd), y(limit), 0.9, COLOURS[band] ?? '#000')
    }
  }
  for (const mag of [18, 19, 20, 21]) drawing.text(20, y(mag), String(mag))
  for (let i = 0; i <= 60; i += 10) drawing.text(x(first + i), 290, String(first + i), 10)
  drawing.text(50, 14, 'diffmaglim of every exposure, MJD; green g, red r')
  return drawing
}

/** Science, template and difference of one alert of each kind. */
export function stampFigure(maker: NightMaker, night: number): Drawing {
  const kinds = new Map<string, [string, Float32Array[]]>()
  for (const exposure of maker.cadence.plan(night).exposures.slice(0, 120)) {
    for (const { object, found } of maker.alerts(exposure)) {
      const kind = object.artefact?.kind ?? object.cls
      if (kinds.has(kind) || Math.abs(found.flux) < 8 * found.sigma) continue
      const set = render('ztf', sceneOf('ztf', object, found), object.key)
      const images = set.map(({ bytes }) => pixels(bytes))
      kinds.set(kind, [`${kind}, ${magFromFlux(Math.abs(found.flux)).toFixed(1)} mag`, images])
    }
  }
  const rows = Math.ceil(kinds.size / 3)
  const drawing = new Drawing(1000, rows * 115 + 10)
  for (const [i, [label, images]] of [...kinds.values()].entries()) {
    const [left, top] = [10 + (i % 3) * 330, 20 + Math.floor(i / 3) * 115]
    drawing.text(left, top - 4, `${label}: science, template, difference`, 10)
    for (const [k, image] of images.entries()) drawing.image(left + k * 96, top, 92, image, 63)
  }
  return drawing
}

function pixels(stamp: Buffer): Float32Array {
  const fits = gunzipSync(stamp)
  return Float32Array.from({ length: 63 * 63 }, (_, i) => fits.readFloatBE(2880 + 4 * i))
}
