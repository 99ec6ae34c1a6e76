import { fluxOf } from '../sky/flux.ts'
import { FOOTPRINT, SHAPES, VARIABLES } from './parameters.ts'
import { starColours } from './colour.ts'
import type { Field } from '../survey/fields.ts'
import {
  contact,
  dampedWalk,
  detached,
  outbursts,
  rrLyrae,
  sinusoid,
  twoHarmonics,
  variable
} from './light-curves.ts'
import type { Wave } from './light-curves.ts'
import { plain } from './objects.ts'
import type { Source } from './objects.ts'
import type { Rng } from '../sky/random.ts'
import type { Survey } from '../../engine/contract/index.ts'
import type { VariableClass } from './parameters.ts'

interface Shape {
  readonly wave: Wave
  readonly amplitude: number
  /** Amplitude in g over amplitude in r. */
  readonly inG: number
  readonly gr: number
  readonly parameters: { readonly [name: string]: number | string }
}

/** Expected number of one class of variables in a field, at scale 1. */
export function variableCount(kind: VariableClass, survey: Survey, field: Field): number {
  const spec = VARIABLES[kind]
  return spec.perDegree[survey] * field.area * FOOTPRINT[spec.footprint](field.glat)
}

/** One variable star or quasar at a position. */
export function makeVariable(
  kind: VariableClass,
  survey: Survey,
  rng: Rng,
  key: number,
  at: { ra: number; dec: number }
): Source {
  const spec = VARIABLES[kind]
  const [bright, faint] = spec.mags[survey]
  const mag = rng.powerLaw(bright, faint, spec.slope)
  const shape = MAKERS[kind](rng, key, mag, survey)
  const colours = starColours(mag, shape.gr)
  const fluxes = Object.fromEntries(
    Object.entries(colours).map(([band, value]) => [band, fluxOf(value)])
  )
  return plain({
    cls: kind,
    ...at,
    delta: variable(colours, shape.amplitude, shape.inG, shape.wave),
    reference: (band) => fluxes[band] ?? 0,
    surroundings: kind === 'agn' ? 'quasar' : mag > 21.2 && kind === 'cv' ? 'nothing' : 'star',
    hostMag: mag,
    catalogue: catalogueLabel(kind, mag, shape.amplitude, rng),
    parameters: { mag, amplitude: shape.amplitude, ...shape.parameters }
  })
}

/** Bright stars of large amplitude are in catalogues, faint and quiet ones are not. */
function catalogueLabel(
  kind: VariableClass,
  mag: number,
  amplitude: number,
  rng: Rng
): string | null {
  const { labels, known } = VARIABLES[kind]
  const brightness = 1 / (1 + Math.exp((mag - known.mag) / 0.7))
  const strength = 1 / (1 + Math.exp((known.amplitude - amplitude) / (0.25 * known.amplitude)))
  if (!rng.chance(brightness * strength)) return null
  return rng.pick(labels)
}

type Maker = (rng: Rng, key: number, mag: number, survey: Survey) => Shape

const MAKERS: Readonly<Record<VariableClass, Maker>> = {
  rrlyr: (rng) => {
    const { abShare, inG, gr } = SHAPES.rrlyr
    const type = rng.chance(abShare) ? 'ab' : 'c'
    const spec = SHAPES.rrlyr[type]
    const [mean, sigma] = spec.period
    const period = rng.normal(mean, sigma)
    const [least, most] = spec.amplitude
    return {
      wave: rrLyrae(type, Math.max(0.2, period), rng.uniform()),
      amplitude: rng.between(least, most),
      inG,
      gr: rng.normal(...gr),
      parameters: { type: `RR${type}`, period }
    }
  },
  eclipsing: (rng, _key, _mag, survey) => {
    const spec = SHAPES.eclipsing
    const isContact = rng.chance(spec.contactShare[survey])
    const { logPeriod, width, second, depth } = spec.detached
    const period = isContact
      ? rng.between(...spec.contact.period)
      : Math.pow(10, rng.normal(...logPeriod))
    const wave = isContact
      ? contact(period, rng.uniform())
      : detached(period, rng.uniform(), rng.between(...width), rng.between(...second))
    const [least, most] = isContact ? spec.contact.amplitude : depth
    return {
      wave,
      amplitude: rng.between(least, most),
      inG: spec.inG,
      gr: rng.normal(...spec.gr),
      parameters: { type: isContact ? 'EW' : 'EA', period }
    }
  },
  mira: (rng) => {
    const spec = SHAPES.mira
    const period = rng.between(...spec.period)
    return {
      wave: twoHarmonics(period, rng.uniform(), rng.between(...spec.second)),
      amplitude: rng.between(...spec.amplitude),
      inG: spec.inG,
      gr: rng.between(...spec.gr),
      parameters: { period }
    }
  },
  delta_sct: (rng) => pulsator(rng, SHAPES.delta_sct),
  cepheid: (rng) => pulsator(rng, SHAPES.cepheid),
  rotator: (rng, _key, mag, survey) => {
    const { period, edgeShare, edge, slope, strong, inG, gr } = SHAPES.rotator
    const turn = rng.between(...period)
    const amplitude = rng.chance(edgeShare)
      ? amplitudeFor(mag, rng.powerLaw(edge[survey][0], edge[survey][1], slope))
      : strong.least + rng.exponential(strong.mean)
    return periodic(rng, turn, amplitude, inG, gr)
  },
  yso: (rng, key) => {
    const { inG, gr } = SHAPES.yso
    const tau = rng.between(...SHAPES.yso.tau)
    const amplitude = rng.between(...SHAPES.yso.amplitude)
    return { wave: dampedWalk(key, tau), amplitude, inG, gr, parameters: { tau } }
  },
  agn: (rng, key) => {
    const { logTau, structure, scatter, inG } = SHAPES.agn
    const tau = Math.pow(10, rng.normal(...logTau))
    // The walk's sigma is its structure function at infinity over the root of two.
    const amplitude = (structure * Math.exp(rng.normal(0, scatter))) / Math.SQRT2
    const gr = rng.normal(...SHAPES.agn.gr)
    return { wave: dampedWalk(key, tau), amplitude, inG, gr, parameters: { tau } }
  },
  cv: (rng, key) => {
    const spec = SHAPES.cv
    const recurrence = rng.between(...spec.recurrence)
    const decay = rng.between(...spec.decay)
    const rise = rng.between(...spec.rise)
    const plateau = Math.abs(rng.normal(...spec.plateau))
    return {
      wave: outbursts(key, recurrence, { rise, plateau, decay }),
      amplitude: rng.between(...spec.amplitude),
      inG: spec.inG,
      gr: rng.normal(...spec.gr),
      parameters: { recurrence, decay }
    }
  }
}

/** Amplitude (peak to peak) of a star whose greatest difference to its mean has a magnitude. */
function amplitudeFor(mag: number, peak: number): number {
  return 5 * Math.log10(1 + Math.pow(10, 0.4 * (mag - peak)))
}

type Pair = readonly [number, number]

function pulsator(
  rng: Rng,
  spec: { readonly period: Pair; readonly amplitude: Pair; readonly inG: number; readonly gr: Pair }
): Shape {
  const period = rng.between(...spec.period)
  return periodic(rng, period, rng.between(...spec.amplitude), spec.inG, spec.gr)
}

function periodic(rng: Rng, period: number, amplitude: number, inG: number, gr: Pair): Shape {
  return {
    wave: sinusoid(period, rng.uniform()),
    amplitude,
    inG,
    gr: rng.normal(...gr),
    parameters: { period }
  }
}
