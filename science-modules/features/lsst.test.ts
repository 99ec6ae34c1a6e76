import { expect, test } from 'vitest'
import { magFromFlux } from '#contract'
import { runModule } from '#test'
import features from './module.ts'

/** One epoch as LSST sends it, nJy; null for what it does not. */
interface Epoch {
  flux: number
  err: number
  template?: number | null
  templateErr?: number | null
  science?: number | null
  scienceErr?: number | null
  forced?: boolean
}

async function inBand(epochs: readonly Epoch[]) {
  const out = await runModule(features, 'lsst', {
    history_mjd: [epochs.map((_, i) => 61_000 + i)],
    history_band: [epochs.map(() => 'i')],
    history_flux: [epochs.map(({ flux }) => flux)],
    history_flux_err: [epochs.map(({ err }) => err)],
    history_detected: [epochs.map(() => true)],
    history_forced: [epochs.map(({ forced }) => forced ?? false)],
    history_ref_flux: [epochs.map(({ template }) => template ?? null)],
    history_ref_flux_err: [epochs.map(({ templateErr }) => templateErr ?? null)],
    history_science_flux: [epochs.map(({ science }) => science ?? null)],
    history_science_flux_err: [epochs.map(({ scienceErr }) => scienceErr ?? null)]
  })
  return Object.fromEntries(
    Object.entries(out.i).map(([name, values]) => [name, values[0] ?? null])
  )
}

const onNothing = { flux: 1742, err: 276, template: -1078, templateErr: 110, science: 767 }

test('a template that does not stand out of its noise is no source', async () => {
  const faint = { flux: 2000, err: 300, template: 499, templateErr: 100, science: 2499 }
  expect((await inBand([faint]))['mean']).toBeCloseTo(magFromFlux(2000), 10)
  const clear = { ...faint, template: 500, science: 2600 }
  expect((await inBand([clear]))['mean']).toBeCloseTo(magFromFlux(2600), 10)
})

test.each([1799, 1801, 90_000])(
  'forced photometry turns no curve, whatever its science image has: %s',
  async (science) => {
    const forced = { flux: 1800, err: 270, science, scienceErr: 280, forced: true }
    const both = await inBand([forced, onNothing])
    expect(both['mean']).toBeCloseTo((magFromFlux(1800) + magFromFlux(1742)) / 2, 10)
    expect(both['amplitude']).toBeCloseTo((magFromFlux(1742) - magFromFlux(1800)) / 2, 10)
  }
)

test('on a source forced photometry has the flux of the science image', async () => {
  const star = { flux: 3000, err: 380, template: 10_000, templateErr: 15, science: 13_050 }
  const forced = { flux: 2000, err: 380, science: 12_000, forced: true }
  const mean = (magFromFlux(13_050) + magFromFlux(12_000)) / 2
  expect((await inBand([forced, star]))['mean']).toBeCloseTo(mean, 10)
})

test('where no template was sent the science image says what lies there: diaSource 7912941781254298', async () => {
  const real = { flux: -1230.276, err: 245.937, science: 44_312.781, scienceErr: 244.259 }
  expect((await inBand([real]))['mean']).toBeCloseTo(19.784, 3)
  const nothing = { flux: 1500, err: 280, science: 1600, scienceErr: 270 }
  expect((await inBand([nothing]))['mean']).toBeCloseTo(magFromFlux(1500), 10)
  const unknown = { flux: 1500, err: 280 }
  expect((await inBand([unknown]))['mean']).toBeCloseTo(magFromFlux(1500), 10)
})

test('without a flux of the science image the sum is template and change', async () => {
  const star = { flux: -2000, err: 300, template: 10_000, templateErr: 100 }
  const one = await inBand([star, { ...star, flux: 0 }])
  expect(one['mean']).toBeCloseTo((magFromFlux(8000) + magFromFlux(10_000)) / 2, 10)
})

/** A star of constant flux: one template for all epochs, whose noise every difference has too. */
function constantStar(epochs: number, isScienceSent: boolean): Epoch[] {
  const [flux, scienceErr, templateErr] = [5000, 250, 150]
  let state = 1
  const uniform = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
  const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform())
  const template = flux + templateErr * normal()
  return Array.from({ length: epochs }, () => {
    const science = flux + scienceErr * normal()
    return {
      flux: science - template,
      err: Math.hypot(scienceErr, templateErr),
      template,
      templateErr,
      science: isScienceSent ? science : null,
      scienceErr
    }
  })
}

test.each([true, false])('chi2 of a constant star is 1 (science flux sent: %s)', async (isSent) => {
  const { chi2, linear_fit_reduced_chi2 } = await inBand(constantStar(2000, isSent))
  expect(chi2).toBeGreaterThan(0.9)
  expect(chi2).toBeLessThan(1.1)
  expect(linear_fit_reduced_chi2).toBeCloseTo(chi2 ?? 0, 1)
})
