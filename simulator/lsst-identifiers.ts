import type { Exposure } from './cadence.ts'
import type { SkyObject } from './objects.ts'
import { dateOf } from './options.ts'

/**
 * LSST identifiers as measured on real packets: bit 15 and the days since 2010-01-01, 15 bits of
 * the visit's number in the night, 8 bits of detector, 19 bits of counter.
 */
function packId(night: number, sequence: number, detector: number, counter: number): bigint {
  const day = BigInt(32768 + night - 55197)
  const visit = (day << 15n) | BigInt(sequence)
  return (((visit << 8n) | BigInt(detector)) << 19n) | BigInt(counter)
}

const days = new Map<number, number>()

/** Visit: YYYYMMDD of the observing day and five digits of its number. */
export function visitId(exposure: Exposure): number {
  const { night, index } = exposure
  const day = days.get(night) ?? Number(dateOf(night).replaceAll('-', ''))
  days.set(night, day)
  return day * 1e5 + index
}

export function diaSourceId(object: SkyObject, exposure: Exposure): bigint {
  return packId(exposure.night, exposure.index, object.chip, object.slot)
}

const FORCED = 1 << 18

/** Forced photometry has the upper half of the counters. */
export function diaForcedSourceId(object: SkyObject, exposure: Exposure): bigint {
  return packId(exposure.night, exposure.index, object.chip, FORCED + object.slot)
}

/** Nights before the survey: no diaSource has an identifier of them. */
const OBJECT_NIGHT = 60000

/** An object has an identifier of its own; one that is seen once has that of its source. */
export function diaObjectId(object: SkyObject, exposure: Exposure): bigint {
  if (object.life === 'single') return diaSourceId(object, exposure)
  const night = object.life === 'event' ? OBJECT_NIGHT + 1 + (object.ordinal >> 16) : OBJECT_NIGHT
  const counter = object.life === 'event' ? object.ordinal & 65535 : object.ordinal
  return packId(night, object.field.index, object.chip, counter)
}

/** ssObjectId: the seven letters of the packed designation as one number. */
export function ssObjectId(packed: string): bigint {
  return BigInt(`0x${Buffer.from(packed, 'latin1').toString('hex')}`)
}
