import { FOOTPRINT } from '../population/parameters.ts'
import { magFromFlux } from '../../engine/contract/index.ts'
import type { SkyObject } from '../population/objects.ts'
import type { Measurement } from '../observe/photometry.ts'
import type { Scene } from './stamps.ts'
import type { Survey } from '../../engine/contract/index.ts'

/** What the stamps of an alert must show. */
export function sceneOf(survey: Survey, object: SkyObject, found: Measurement): Scene {
  const { exposure, reference } = found
  const stars = survey === 'ztf' ? 5 : 2
  return {
    surroundings: object.surroundings,
    artefact: object.artefact?.kind ?? null,
    mag: magFromFlux(Math.max(1e-3, Math.abs(found.flux))),
    positive: found.flux > 0,
    referenceMag: reference > 0 ? magFromFlux(reference) : Infinity,
    hostMag: object.hostMag,
    hostDistance: object.hostDistance,
    limit: exposure.limit,
    fwhm: exposure.fwhm,
    crowd: Math.round(stars + 35 * FOOTPRINT.thin(exposure.field.glat))
  }
}
