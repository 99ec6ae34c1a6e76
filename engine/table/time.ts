const MJD_UNIX = 40587
const DAY_MS = 86_400_000

/** JD = MJD + 2400000.5. */
export const JD_OF_MJD_0 = 2_400_000.5

/** The moment of an MJD, UTC. */
export function momentOf(mjd: number): Date {
  return new Date((mjd - MJD_UNIX) * DAY_MS)
}

/** The MJD of a moment in milliseconds since 1970, UTC. */
export function mjdOf(milliseconds: number): number {
  return milliseconds / DAY_MS + MJD_UNIX
}

/** The calendar date of an MJD as YYYYMMDD. */
export function dateOf(mjd: number): number {
  const date = momentOf(Math.floor(mjd))
  return date.getUTCFullYear() * 10_000 + (date.getUTCMonth() + 1) * 100 + date.getUTCDate()
}

/** An MJD as ISO 8601, UTC, to the second. */
export function isoOf(mjd: number): string {
  return `${new Date(Math.round((mjd - MJD_UNIX) * DAY_MS)).toISOString().slice(0, 19)}Z`
}

/** The times a packet may carry: 1968 to 2132. Outside is damage, not astronomy. */
export function isPlausible(mjd: number): boolean {
  return mjd > 40_000 && mjd < 100_000
}
