const RAD = Math.PI / 180

/** Draws a position; those at a special place are within some widths of it. */
export type Draw = (rng: () => number, width: number) => [number, number]

/** Where positions may be: all over the sky, and where pixels and coordinates are odd. */
export const SKIES: readonly (readonly [string, Draw])[] = [
  ['all over', (rng) => [360 * rng(), Math.asin(2 * rng() - 1) / RAD]],
  ['at the north pole', (rng, width) => [360 * rng(), Math.max(-90, 90 - 3 * width * rng())]],
  ['at the south pole', (rng, width) => [360 * rng(), Math.min(90, -90 + 3 * width * rng())]],
  ['around RA 0', (rng, width) => [(360 + width * (rng() - 0.5)) % 360, width * (rng() - 0.5)]],
  [
    'where the caps begin',
    (rng, width) => {
      const side = rng() < 0.5 ? -1 : 1
      const dec = side * 41.810_314_895_778_6 + 4 * width * (rng() - 0.5)
      return [
        (360 + 45 * Math.floor(8 * rng()) + 4 * width * (rng() - 0.5)) % 360,
        Math.max(-90, Math.min(90, dec))
      ]
    }
  ]
]

/** The position some degrees away, in the direction of an angle. */
export function moved(ra: number, dec: number, by: number, angle: number): [number, number] {
  const [d, p] = [by * RAD, dec * RAD]
  const z = Math.sin(p) * Math.cos(d) + Math.cos(p) * Math.sin(d) * Math.cos(angle)
  const there = Math.asin(Math.max(-1, Math.min(1, z)))
  const turn = Math.atan2(
    Math.sin(angle) * Math.sin(d) * Math.cos(p),
    Math.cos(d) - Math.sin(p) * Math.sin(there)
  )
  return [(((ra + turn / RAD) % 360) + 360) % 360, there / RAD]
}
