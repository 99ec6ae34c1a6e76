import { isPlausible } from '../table/time.ts'
import { value } from './history.ts'
import type { RawList } from './rows.ts'

/** What is read of an entry of prvDiaSources. */
export const SOURCE = {
  diaSourceId: 'int64',
  visit: 'int64',
  midpointMjdTai: 'float64',
  band: 'utf8',
  psfFlux: 'float32',
  psfFluxErr: 'float32',
  ra: 'float64',
  dec: 'float64',
  reliability: 'float32',
  templateFlux: 'float32',
  templateFluxErr: 'float32',
  scienceFlux: 'float32',
  scienceFluxErr: 'float32',
  timeWithdrawnMjdTai: 'float64'
} as const

/** What is read of an entry of prvDiaForcedSources. */
export const FORCED = {
  diaForcedSourceId: 'int64',
  visit: 'int64',
  midpointMjdTai: 'float64',
  band: 'utf8',
  psfFlux: 'float32',
  psfFluxErr: 'float32',
  scienceFlux: 'float32',
  scienceFluxErr: 'float32',
  timeWithdrawnMjdTai: 'float64'
} as const

export type Sources = RawList<keyof typeof SOURCE>
export type Forced = RawList<keyof typeof FORCED>

/** What the survey marked as invalid is in the packet still. A time that is none says nothing. */
export function isWithdrawn(
  { timeWithdrawnMjdTai }: Sources['raw'] | Forced['raw'],
  at: number
): boolean {
  return isPlausible(value(timeWithdrawnMjdTai, at))
}
