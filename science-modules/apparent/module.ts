import {
  ZTF_PIXEL,
  dcFlux,
  defineModule,
  float64,
  hasReferenceSource,
  number,
  utf8
} from '#contract'
import type { Readers, Status } from '#contract'
import { addFlux, isPointLike, magnitudeOf, referenceFlux } from './brightness.ts'
import type { Flux } from './brightness.ts'

const requires = {
  flux: number('flux', 'nJy'),
  fluxErr: number('flux_err', 'nJy'),
  magnr: number('ztf.magnr', 'survey'),
  sigmagnr: number('ztf.sigmagnr', 'survey'),
  distnr: number('ztf.distnr', 'survey'),
  chinr: number('ztf.chinr', 'survey'),
  sharpnr: number('ztf.sharpnr', 'survey'),
  scienceFlux: number('lsst.diaSource.scienceFlux', 'survey'),
  scienceFluxErr: number('lsst.diaSource.scienceFluxErr', 'survey'),
  templateFlux: number('lsst.diaSource.templateFlux', 'survey')
}

type Input = Readers<typeof requires>
type Found = Flux & { readonly source: 'reference+difference' | 'science' | 'template+difference' }

export default defineModule({
  name: 'apparent',
  version: '1.1.0',
  about: 'Brightness of the object itself, not of its change: flux and AB magnitude on the sky.',
  owner: 'Siskin team',
  cite: 'https://irsa.ipac.caltech.edu/data/ZTF/docs/ztf_explanatory_supplement.pdf',
  requires,

  produces: {
    flux: float64(
      'nJy',
      'Flux of the object, signed. Null where `source` is null.',
      'phot.flux.density'
    ),
    flux_err: float64(
      'nJy',
      'One standard deviation. Null where an error it needs was not sent.',
      'stat.error;phot.flux.density'
    ),
    mag: float64('mag', 'AB magnitude. Null where flux is null, zero or negative.', 'phot.mag'),
    mag_err: float64(
      'mag',
      'One standard deviation. Null where mag or flux_err is null.',
      'stat.error;phot.mag'
    ),
    source: utf8(
      'How it was found: `reference+difference` (ZTF), `science` or `template+difference` (LSST). Null when the alert lies on no point-like ZTF reference source, or when LSST sent neither flux.',
      'meta.code'
    )
  },

  run({ rows, survey, columns }) {
    const apparent = survey === 'ztf' ? ztfFlux : lsstFlux
    const found = Array.from({ length: rows }, (_, row) => apparent(columns, row))
    const magnitudes = found.map((one) => (one === null ? null : magnitudeOf(one)))
    return {
      flux: found.map((one) => one?.flux ?? null),
      flux_err: found.map((one) => one?.fluxErr ?? null),
      mag: magnitudes.map((one) => one?.mag ?? null),
      mag_err: magnitudes.map((one) => one?.magErr ?? null),
      source: found.map((one) => one?.source ?? null),
      status: found.map((one): Status => (one === null ? 'not-applicable' : 'ok'))
    }
  }
})

function ztfFlux(input: Input, row: number): Found | null {
  const flux = input.flux.at(row)
  const distance = (input.distnr.at(row) ?? Number.NaN) * ZTF_PIXEL
  const reference = referenceFlux(input.magnr.at(row), input.sigmagnr.at(row))
  if (flux === null || reference === null || !hasReferenceSource(distance)) return null
  if (!isPointLike(input.chinr.at(row), input.sharpnr.at(row))) return null
  const difference = { flux, fluxErr: input.fluxErr.at(row) }
  return { ...addFlux(difference, reference), source: 'reference+difference' }
}

/**
 * The sum of template and difference is the science image again, and so is its noise: psfFluxErr holds
 * that and the template's, and is never too small.
 */
function lsstFlux(input: Input, row: number): Found | null {
  const science = input.scienceFlux.at(row)
  if (science !== null) {
    return { flux: science, fluxErr: input.scienceFluxErr.at(row), source: 'science' }
  }
  const flux = input.flux.at(row)
  const template = input.templateFlux.at(row)
  if (flux === null || template === null) return null
  const fluxErr = input.scienceFluxErr.at(row) ?? input.fluxErr.at(row)
  return { flux: dcFlux(flux, template), fluxErr, source: 'template+difference' }
}
