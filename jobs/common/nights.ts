import { UsageError } from '../../engine/errors.ts'
import type { Nights } from '../../engine/reread/alert-files.ts'

/** `20260110`, or `20260101..20260131`. @throws UsageError */
export function parseNights(text: string, flag = '--nights'): Nights {
  const [, from, to = from] = /^(\d{8})(?:\.\.(\d{8}))?$/.exec(text) ?? []
  if (from === undefined || to === undefined) {
    throw new UsageError(`${flag} "${text}": write YYYYMMDD, or YYYYMMDD..YYYYMMDD`)
  }
  for (const night of [from, to]) {
    const date = `${night.slice(0, 4)}-${night.slice(4, 6)}-${night.slice(6)}`
    const time = new Date(`${date}T00:00:00Z`)
    if (!Number.isFinite(time.getTime()) || !time.toISOString().startsWith(date)) {
      throw new UsageError(`${flag} "${text}": ${night} is no date`)
    }
  }
  if (from > to) throw new UsageError(`${flag} "${text}": ${from} comes after ${to}`)
  return { first: Number(from), last: Number(to) }
}
