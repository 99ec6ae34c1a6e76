const RAD = Math.PI / 180
const ARCSEC = 3600

export interface Nearest {
  /** Which place; -1 for none. */
  readonly at: number
  /** Arc seconds, NaN for none. */
  readonly separation: number
}

const NONE: Nearest = { at: -1, separation: Number.NaN }

/** Places on the sphere by declination: those near one lie in a band that is found by halving. */
export class SkyIndex {
  /** Numbers of the places, by declination; those that have no place are left out. */
  readonly #order: Uint32Array
  readonly #ra: Float64Array
  readonly #dec: Float64Array

  /** @param ra degrees; @param dec degrees, NaN for none */
  constructor(ra: Float64Array, dec: Float64Array) {
    const known = Uint32Array.from(ra.keys()).filter((i) => isPlace(ra[i]!, dec[i]!))
    this.#order = known.sort((a, b) => dec[a]! - dec[b]! || a - b)
    this.#ra = Float64Array.from(this.#order, (i) => ((ra[i]! % 360) + 360) % 360)
    this.#dec = Float64Array.from(this.#order, (i) => dec[i]!)
  }

  get size(): number {
    return this.#order.length
  }

  /** The nearest place within `radius` arc seconds; of two equally near ones the first of the catalogue. */
  nearest(ra: number, dec: number, radius: number): Nearest {
    if (!isPlace(ra, dec)) return NONE
    const reach = radius / ARCSEC
    const window = raWindow(dec, reach)
    const right = ((ra % 360) + 360) % 360
    let best = NONE
    for (let i = this.#from(dec - reach); i < this.#order.length; i++) {
      if (this.#dec[i]! > dec + reach) break
      const apart = Math.abs(this.#ra[i]! - right)
      if (Math.min(apart, 360 - apart) > window) continue
      const separation = separationOf(right, dec, this.#ra[i]!, this.#dec[i]!)
      if (separation > radius) continue
      const at = this.#order[i]!
      const isBetter = best.at < 0 || separation < best.separation
      if (isBetter || (separation === best.separation && at < best.at)) best = { at, separation }
    }
    return best
  }

  /** The first that is not south of `dec`. */
  #from(dec: number): number {
    let low = 0
    let high = this.#dec.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#dec[middle]! < dec) low = middle + 1
      else high = middle
    }
    return low
  }
}

function isPlace(ra: number, dec: number): boolean {
  return Number.isFinite(ra) && Math.abs(dec) <= 90
}

/** Most that two places within `reach` degrees differ in right ascension; all of it where the pole is within. */
function raWindow(dec: number, reach: number): number {
  if (Math.abs(dec) + reach >= 90) return 360
  return Math.asin(Math.min(1, Math.sin(reach * RAD) / Math.cos(dec * RAD))) / RAD + 1e-9
}

/** Great-circle distance in arc seconds from degrees, by haversines: exact where it is small. */
function separationOf(ra1: number, dec1: number, ra2: number, dec2: number): number {
  const dDec = Math.sin(((dec2 - dec1) * RAD) / 2)
  const dRa = Math.sin(((ra2 - ra1) * RAD) / 2)
  const h = dDec * dDec + Math.cos(dec1 * RAD) * Math.cos(dec2 * RAD) * dRa * dRa
  return (2 * Math.asin(Math.min(1, Math.sqrt(h))) * ARCSEC) / RAD
}
