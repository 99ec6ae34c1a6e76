import { JD_OF_MJD_0, momentOf } from '../../engine/table/time.ts'
import type { SkyObject } from '../population/objects.ts'

/** ZTF night number: days since 2017-01-01. All identifiers are as in 139 real packets. */
export function nightId(jd: number): number {
  return Math.floor(jd - 2457754.5)
}

/** ZTF processing id: night, fraction of the UT day, readout channel and program. */
export function processingId(jd: number, rcid: number): number {
  const nid = nightId(jd)
  const fraction = Math.floor((jd - 2457754.5 - nid) * 1e5)
  return ((nid * 1e5 + fraction) * 100 + rcid) * 100 + 15
}

/** ZTF candid. Exceeds 2^53. */
export function candidate(pid: number, positive: boolean, tblid: number): bigint {
  return BigInt(pid) * 1000000n + BigInt((positive ? 15000 : 10000) + tblid)
}

/** ZTF reference image id: field, band and readout channel. */
export function referenceId(field: number, fid: number, rcid: number): number {
  return field * 1e6 + 120000 + fid * 100 + rcid
}

const NAMES = 26 ** 7
const RESIDENTS = 400000
const FIELDS = 1024
const EVENTS_PER_FIELD = 64 * 65536

/** A number below 26^7 that no other object of the year has. */
function objectNumber(object: SkyObject, night: number, exposure: number): number {
  if (object.life === 'persistent') return object.field.index * RESIDENTS + object.ordinal
  const events = FIELDS * RESIDENTS
  if (object.life === 'event')
    return events + object.field.index * EVENTS_PER_FIELD + object.ordinal
  const singles = events + FIELDS * EVENTS_PER_FIELD
  return singles + ((night % 366) * 2048 + exposure) * 4096 + object.ordinal
}

/** ZTF objectId: two digits of the year of the first alert and seven letters; of an injected object it begins otherwise. */
export function objectName(
  object: SkyObject,
  firstAlert: number,
  night: number,
  exposure: number
): string {
  const year = momentOf(firstAlert).getUTCFullYear()
  // Scattering by a factor prime to 26 is one to one.
  let rest = (objectNumber(object, night, exposure) * 1048583) % NAMES
  let letters = ''
  for (let i = 0; i < 7; i++) {
    letters = String.fromCharCode(97 + (rest % 26)) + letters
    rest = Math.floor(rest / 26)
  }
  return `${object.injected ? 'INJ' : 'ZTF'}${String(year % 100).padStart(2, '0')}${letters}`
}

export function julianDate(mjd: number): number {
  return Math.round((mjd + JD_OF_MJD_0) * 1e7) / 1e7
}
