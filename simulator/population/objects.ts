import type { Band } from '../sky/flux.ts'
import type { Field } from '../survey/fields.ts'

/** The classes of the truth table. */
export const CLASSES = [
  'rrlyr',
  'eclipsing',
  'mira',
  'delta_sct',
  'cepheid',
  'rotator',
  'yso',
  'agn',
  'cv',
  'flare',
  'sn_ia',
  'sn_ii',
  'sn_ibc',
  'sn_iin',
  'slsn',
  'tde',
  'kilonova',
  'grb',
  'microlensing',
  'sso',
  'bogus'
] as const

export type ClassName = (typeof CLASSES)[number]

/** What lies at or near the position in the reference image. */
export type Surroundings = 'star' | 'quasar' | 'galaxy' | 'nucleus' | 'nothing'

/** A difference flux (nJy, noiseless) against time. */
export type LightCurve = (band: Band, mjd: number) => number

/** What is known of an object before it is placed in a field. */
export interface Source {
  readonly cls: ClassName
  readonly ra: number
  readonly dec: number
  /** Flux minus the reference flux, nJy. */
  readonly delta: LightCurve
  /** Flux of the source in the reference image at the very position, nJy; 0 where there is none. */
  readonly reference: (band: Band) => number
  readonly surroundings: Surroundings
  /** Distance to the host's centre, arcsec, and the host's r magnitude. */
  readonly hostDistance: number
  readonly hostMag: number
  /** The label a SIMBAD-like catalogue has for the position; null if it has none. */
  readonly catalogue: string | null
  /** MJD between which `delta` may differ from zero. */
  readonly from: number
  readonly to: number
  readonly redshift: number | null
  readonly explosion: number | null
  readonly peak: number | null
  readonly host: string | null
  readonly parameters: { readonly [name: string]: number | string }
  /** For artefacts: the chance of a detection in one exposure, and what it is. */
  readonly artefact?: { readonly chance: number; readonly kind: ArtefactKind }
  /** For moving objects. */
  readonly moving?: MovingSource
}

export type ArtefactKind = 'dipole' | 'cosmic-ray' | 'bleed' | 'ghost' | 'edge'

export interface MovingSource {
  readonly designation: string
  readonly packed: string
  readonly known: boolean
  /** Predicted V magnitude, and the offset to the prediction in arcsec. */
  readonly predicted: number
  readonly offset: { readonly east: number; readonly north: number }
  /** Degrees a day on the sky. */
  readonly rate: { readonly ra: number; readonly dec: number }
  readonly orbit: Orbit
  readonly range: { readonly helio: number; readonly topo: number; readonly phase: number }
  readonly helio: readonly [number, number, number]
  readonly topo: readonly [number, number, number]
}

/** Osculating elements; angles in degrees, `a` in au, epoch in MJD. */
export interface Orbit {
  readonly a: number
  readonly e: number
  readonly i: number
  readonly node: number
  readonly argperi: number
  readonly meanAnomaly: number
  readonly epoch: number
  readonly h: number
}

/** A source in its place in a field's focal plane. */
export interface SkyObject extends Source {
  readonly field: Field
  readonly key: number
  /** ZTF readout channel or LSST detector, and the pixel in it. */
  readonly chip: number
  readonly x: number
  readonly y: number
  /** Number that no other object of the chip has: becomes `tblid` or the counter of diaSourceId. */
  readonly slot: number
  /** Number that no other object of the field has. */
  readonly ordinal: number
  /** How long it lives: for good, for an event, or for one exposure. */
  readonly life: 'persistent' | 'event' | 'single'
  /** Put among the alerts of a night that was observed: its name is to be no real one's. */
  readonly injected?: true
}

/** A source without the parts that most classes do not have. */
export function plain(
  part: Pick<Source, 'cls' | 'ra' | 'dec' | 'delta' | 'reference'> & Partial<Source>
): Source {
  return {
    surroundings: 'star',
    hostDistance: 0,
    hostMag: 25,
    catalogue: null,
    from: -Infinity,
    to: Infinity,
    redshift: null,
    explosion: null,
    peak: null,
    host: null,
    parameters: {},
    ...part
  }
}
