import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Survey } from '../../engine/contract/index.ts'
import type { Field } from '../survey/fields.ts'
import { fieldGrid } from '../survey/fields.ts'
import { FieldCells, placeOnChip } from '../survey/focal-plane.ts'
import { wrap } from '../sky/sky.ts'

/** A real galaxy or bright star of npm `d3-celestial`. */
export interface RealSource {
  readonly name: string
  readonly ra: number
  readonly dec: number
  readonly mag: number
  /** Major axis, arcsec; 0 where unknown. */
  readonly size: number
}

interface Feature {
  readonly id: string | number
  readonly properties: {
    readonly type?: string
    readonly mag: string | number
    readonly dim?: string
  }
  readonly geometry: { readonly coordinates: readonly [number, number] }
}

const GALAXIES = new Set(['s', 's0', 'e', 'i', 'g', 'sd', 'gg'])

function load(file: string): readonly Feature[] {
  const path = createRequire(import.meta.url).resolve(`d3-celestial/data/${file}`)
  const { features } = JSON.parse(readFileSync(path, 'utf8')) as { features: readonly Feature[] }
  return features
}

function convert(feature: Feature): RealSource {
  const [ra, dec] = feature.geometry.coordinates
  const arcmin = Number((feature.properties.dim ?? '').split('x')[0])
  return {
    name: typeof feature.id === 'number' ? `HIP ${feature.id}` : feature.id,
    ra: wrap(ra),
    dec,
    mag: Number(feature.properties.mag),
    size: Number.isFinite(arcmin) ? arcmin * 60 : 0
  }
}

type Index = ReadonlyMap<number, readonly RealSource[]>

const indexes = new Map<string, Index>()

/** Real sources by the field of the survey's grid that they lie in. */
function byField(name: string, survey: Survey, sources: () => readonly RealSource[]): Index {
  const key = `${name}/${survey}`
  const known = indexes.get(key)
  if (known) return known
  const index = new Map<number, RealSource[]>()
  // The grid's places do not depend on the seed.
  const grid = fieldGrid(survey, 0)
  const cells = new FieldCells(survey, 0)
  for (const source of sources()) {
    for (const place of cells.near(source)) {
      const field = grid[place]
      if (!field || !placeOnChip(survey, field, source)) continue
      const list = index.get(place)
      if (list) list.push(source)
      else index.set(place, [source])
    }
  }
  indexes.set(key, index)
  return index
}

export function galaxiesIn(survey: Survey, field: Field): readonly RealSource[] {
  const index = byField('galaxies', survey, () =>
    load('dsos.20.json')
      .filter((feature) => GALAXIES.has(feature.properties.type ?? ''))
      .map(convert)
      .filter((galaxy) => galaxy.mag > 8 && galaxy.mag < 25)
  )
  return index.get(field.index) ?? []
}

export function brightStarsIn(survey: Survey, field: Field): readonly RealSource[] {
  return byField('stars', survey, () => load('stars.8.json').map(convert)).get(field.index) ?? []
}
