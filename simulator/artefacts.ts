import { brightStarsIn } from './catalogue.ts'
import type { Field } from './fields.ts'
import { fluxOf } from './flux.ts'
import { plain } from './objects.ts'
import type { Source } from './objects.ts'
import { BOGUS } from './parameters.ts'
import type { Rng } from './random.ts'
import { step } from './sky.ts'
import { placeIn } from './transients.ts'
import type { Survey } from '../engine/contract/index.ts'

/** A place where the subtraction fails: on a bright star, or anywhere. */
export function makeArtefact(survey: Survey, rng: Rng, field: Field, chance: number): Source {
  const stars = brightStarsIn(survey, field)
  const star = stars.length > 0 && rng.chance(BOGUS.onBrightStar) ? rng.pick(stars) : null
  const at = star ? step(star, rng.normal(0, 4), rng.normal(0, 4)) : placeIn(field, rng)
  const onSource = star !== null || rng.chance(0.45)
  const mag = star ? Math.max(13.5, star.mag) : rng.powerLaw(14, 20, 0.2)
  const flux = fluxOf(mag)
  return plain({
    cls: 'bogus',
    ...at,
    delta: () => 0,
    reference: () => (onSource ? flux : 0),
    surroundings: onSource ? 'star' : 'nothing',
    hostMag: mag,
    parameters: star ? { star: star.name } : {},
    artefact: { chance, kind: rng.pick(BOGUS.kinds) }
  })
}
