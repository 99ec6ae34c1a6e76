/** TAI - UTC in days: 37 s since 2017-01-01, and still (IERS Bulletin C). */
export const TAI_MINUS_UTC = 37 / 86_400
