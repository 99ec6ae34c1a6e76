import type { Rng } from '../sky/random.ts'

/**
 * Distances of unrelated sources around a point, ascending: `mean` of them on average within
 * `radius` (any unit).
 */
export function arcsecAround(rng: Rng, mean: number, radius: number): number[] {
  const count = rng.poisson(mean)
  const distances: number[] = []
  for (let i = 0; i < count; i++) distances.push(radius * Math.sqrt(rng.uniform()))
  return distances.sort((a, b) => a - b)
}
