import type { Filter } from '#contract'
import fastFader from './fast_fader/filter.ts'
import fastRiser from './fast_riser/filter.ts'
import largeAmplitude from './large_amplitude/filter.ts'
import newSource from './new_source/filter.ts'
import solarSystemCandidate from './solar_system_candidate/filter.ts'
import solarSystemKnown from './solar_system_known/filter.ts'

/** Every filter that runs, in the order of the summary. */
export const filters: readonly Filter[] = [
  solarSystemKnown,
  solarSystemCandidate,
  fastRiser,
  fastFader,
  newSource,
  largeAmplitude
]
