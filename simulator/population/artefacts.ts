import { fluxOf } from '../sky/flux.ts'
import { brightStarsIn } from './catalogue.ts'
import type { Field } from '../survey/fields.ts'
import { plain } from './objects.ts'
import type { Source } from './objects.ts'
import { BOGUS } from './parameters.ts'
import type { Rng } from '../sky/random.ts'
import { step } from '../sky/sky.ts'
import { placeIn } from './transients.ts'
import type { Survey } from '../../engine/contract/index.ts'

/**
 * A place where the subtraction fails. What comes again is what is left of a star; what is there once
 * may also be a stray: a cosmic ray, a ghost, an edge.
 */
export function makeArtefact(survey: Survey, rng: Rng, field: Field, again: number | null): Source {
  const residual = again !== null || rng.chance(BOGUS.residualShare)
  const stars = residual ? brightStarsIn(survey, field) : []
  const star = stars.length > 0 && rng.chance(BOGUS.onBrightStar) ? rng.pick(stars) : null
  const at = star ? step(star, rng.normal(0, 4), rng.normal(0, 4)) : placeIn(field, rng)
  const mag = star ? Math.max(13.5, star.mag) : rng.powerLaw(14, 20, 0.2)
  const flux = fluxOf(mag)
  return plain({
    cls: 'bogus',
    ...at,
    delta: () => 0,
    reference: () => (residual ? flux : 0),
    surroundings: residual ? 'star' : 'nothing',
    hostMag: mag,
    parameters: star ? { star: star.name } : {},
    artefact: { chance: again ?? 1, kind: rng.pick(residual ? BOGUS.residuals : BOGUS.strays) }
  })
}
