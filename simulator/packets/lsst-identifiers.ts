import type { Exposure } from '../survey/cadence.ts'
import type { SkyObject } from '../population/objects.ts'
import { dateOf } from '../../engine/table/time.ts'

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
  const day = days.get(night) ?? dateOf(night)
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

/** ssObjectId: the seven letters of the packed designation as one number. */
export function ssObjectId(packed: string): bigint {
  return BigInt(`0x${Buffer.from(packed, 'latin1').toString('hex')}`)
}
