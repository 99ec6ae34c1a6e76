const SQRT_TWO_PI = Math.sqrt(2 * Math.PI)

/**
 * Logarithm of the upper tail of the standard normal, ln P(Z > z) for z >= 0: rational approximation
 * 5666 of Hart (1968), and a continued fraction beyond 7; the tail is good to 1e-8 of itself. The
 * logarithm, since the tail itself is zero in double precision beyond 38 deviations, and one point of
 * n can lie (n - 1) / sqrt(n) of them from the mean.
 */
export function logNormalTail(z: number): number {
  const density = (-z * z) / 2
  return z < 7.071_067_811_865_47
    ? density + Math.log(numerator(z) / denominator(z))
    : density - Math.log(fraction(z))
}

function numerator(z: number): number {
  let sum = 3.526_249_659_989_11e-2
  sum = sum * z + 0.700_383_064_443_688
  sum = sum * z + 6.373_962_203_531_65
  sum = sum * z + 33.912_866_078_383
  sum = sum * z + 112.079_291_497_871
  sum = sum * z + 221.213_596_169_931
  return sum * z + 220.206_867_912_376
}

function denominator(z: number): number {
  let sum = 8.838_834_764_831_84e-2
  sum = sum * z + 1.755_667_163_182_64
  sum = sum * z + 16.064_177_579_207
  sum = sum * z + 86.780_732_202_946_1
  sum = sum * z + 296.564_248_779_674
  sum = sum * z + 637.333_633_378_831
  sum = sum * z + 793.826_512_519_948
  return sum * z + 440.413_735_824_752
}

function fraction(z: number): number {
  return (z + 1 / (z + 2 / (z + 3 / (z + 4 / (z + 0.65))))) * SQRT_TWO_PI
}
