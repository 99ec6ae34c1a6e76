import { bool, defineModule, flag, group, number } from '#contract'
import type { Scalar } from '#contract'
import { LSST_FLAGS, LSST_FLAG_CUTS, LSST_NUMBER_CUTS, ZTF_CUTS, applyCut } from './cuts.ts'
import type { LsstFlag } from './cuts.ts'

type FlagRecord<Value> = Record<LsstFlag, Value>

function perFlag<Value>(make: (name: LsstFlag) => Value): FlagRecord<Value> {
  return Object.fromEntries(LSST_FLAGS.map((name) => [name, make(name)])) as FlagRecord<Value>
}

export default defineModule({
  name: 'quality',
  version: '1.0.0',
  about: 'Photometric quality: every cut as its own flag, and whether all of them are passed.',
  owner: 'Siskin team',
  cite: 'https://doi.org/10.1093/mnras/staa3602',

  requires: {
    rb: number('ztf.rb', 'survey'),
    nbad: number('ztf.nbad', 'survey'),
    magdiff: number('ztf.magdiff', 'survey'),
    flux: number('flux', 'nJy'),
    fluxErr: number('flux_err', 'nJy'),
    ...perFlag((name) => flag(`lsst.diaSource.${name}`))
  },

  produces: {
    pass: bool(
      'True when every cut of the survey is passed; a cut that cannot be judged fails. Never null.'
    ),
    ztf: group('ZTF cuts, true = passed. All null for LSST.', {
      rb: bool('rb >= 0.55. Null when rb is null.'),
      nbad: bool('nbad = 0: no bad pixel in the 5 x 5 pixel stamp. Null when nbad is null.'),
      magdiff: bool('abs(magdiff) <= 0.1 mag: aperture and PSF agree. Null when magdiff is null.')
    }),
    lsst: group('LSST cuts, true = passed. All null for ZTF.', {
      flux: bool('psfFlux >= 0. Null when the flux is null.'),
      snr: bool(
        'psfFlux / psfFluxErr >= 6. Null when either is null or the error is not positive.'
      ),
      ...perFlag((name) => bool(`diaSource.${name} is not set. Null when that flag is null.`))
    })
  },

  run({ rows, survey, columns }) {
    const pass = Array.from({ length: rows }, () => true)
    const silent = Array.from({ length: rows }, () => null)
    if (survey === 'ztf') {
      const [rb, nbad, magdiff] = ZTF_CUTS
      const ztf = {
        rb: applyCut(rb, (row) => columns.rb.at(row), pass),
        nbad: applyCut(nbad, (row) => columns.nbad.at(row), pass),
        magdiff: applyCut(magdiff, (row) => columns.magdiff.at(row), pass)
      }
      return { pass, ztf, lsst: { flux: silent, snr: silent, ...perFlag(() => silent) } }
    }
    const [flux, snr] = LSST_NUMBER_CUTS
    const lsst = {
      flux: applyCut(flux, (row) => columns.flux.at(row), pass),
      snr: applyCut(snr, (row) => signalToNoise(columns.flux, columns.fluxErr, row), pass),
      ...perFlag(() => silent as (boolean | null)[])
    }
    for (const cut of LSST_FLAG_CUTS) {
      lsst[cut.name] = applyCut(cut, (row) => columns[cut.name].at(row), pass)
    }
    return { pass, ztf: { rb: silent, nbad: silent, magdiff: silent }, lsst }
  }
})

function signalToNoise(flux: Scalar<number>, fluxErr: Scalar<number>, row: number): number | null {
  const signal = flux.at(row)
  const noise = fluxErr.at(row)
  return signal === null || noise === null || !(noise > 0) ? null : signal / noise
}
