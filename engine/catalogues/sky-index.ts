const RAD = Math.PI / 180
const ARCSEC = 3600
/** Places of a zone, on average: few to look at, and few zones where a search is wide. */
const IN_ZONE = 64

/** Degrees: so much wider is looked than is asked for, and then measured. */
const ROUNDING = 1e-9

export interface Nearest {
  /** Which place; -1 for none. */
  readonly at: number
  /** Arc seconds, NaN for none. */
  readonly separation: number
}

const NONE: Nearest = { at: -1, separation: Number.NaN }

/**
 * Places on the sphere in zones of declination, by right ascension in each (Gray, Nieto-Santisteban and Szalay 2006,
 * MSR-TR-2006-52): those near one lie in a few stretches that are found by halving.
 */
export class SkyIndex {
  /** Numbers of the places, by zone and right ascension; those that have no place are left out. */
  readonly #order: Uint32Array
  readonly #ra: Float64Array
  readonly #dec: Float64Array
  /** Where each zone begins. */
  readonly #zones: Uint32Array
  readonly #south: number
  readonly #height: number

  /** @param ra degrees; @param dec degrees, NaN for none */
  constructor(ra: ArrayLike<number>, dec: ArrayLike<number>) {
    const known = placesOf(ra, dec)
    const [south, north] = spanOf(known, dec)
    const count = Math.max(1, Math.ceil(known.length / IN_ZONE))
    this.#south = south
    this.#height = Math.max((north - south) / count, 1e-9)
    const zoneOf = (i: number) => Math.min(count - 1, this.#zone(dec[i]!))
    this.#zones = startsOf(known, zoneOf, count)
    this.#order = byZone(known, zoneOf, this.#zones)
    const turned = new Float64Array(ra.length)
    for (const i of known) turned[i] = inTurn(ra[i]!)
    for (let zone = 0; zone < count; zone++) {
      const own = this.#order.subarray(this.#zones[zone], this.#zones[zone + 1])
      own.sort((a, b) => turned[a]! - turned[b]! || a - b)
    }
    this.#ra = new Float64Array(known.length)
    this.#dec = new Float64Array(known.length)
    for (let at = 0; at < known.length; at++) {
      this.#ra[at] = turned[this.#order[at]!]!
      this.#dec[at] = dec[this.#order[at]!]!
    }
  }

  get size(): number {
    return this.#order.length
  }

  /** The nearest place within `radius` arc seconds; of two equally near ones the first of the catalogue. */
  nearest(ra: number, dec: number, radius: number): Nearest {
    let best = NONE
    this.within(ra, dec, radius, (at, separation) => {
      const isBetter = best.at < 0 || separation < best.separation
      if (isBetter || (separation === best.separation && at < best.at)) best = { at, separation }
    })
    return best
  }

  /** All places within `radius` arc seconds, in no order. */
  within(
    ra: number,
    dec: number,
    radius: number,
    visit: (at: number, separation: number, ra: number, dec: number) => void
  ): void {
    if (!isPlace(ra, dec)) return
    const reach = radius / ARCSEC + ROUNDING
    const window = raWindow(dec, reach)
    const right = inTurn(ra)
    const last = Math.min(this.#zones.length - 2, this.#zone(dec + reach))
    for (let zone = Math.max(0, this.#zone(dec - reach)); zone <= last; zone++) {
      const [from, to] = [this.#zones[zone]!, this.#zones[zone + 1]!]
      const look = (low: number, high: number) => {
        for (let i = lowest(this.#ra, from, to, low); i < to && this.#ra[i]! <= high; i++) {
          if (Math.abs(this.#dec[i]! - dec) > reach) continue
          const separation = separationOf(right, dec, this.#ra[i]!, this.#dec[i]!)
          if (separation <= radius) visit(this.#order[i]!, separation, this.#ra[i]!, this.#dec[i]!)
        }
      }
      if (window >= 180) look(0, 360)
      else {
        look(right - window, right + window)
        if (right < window) look(right - window + 360, 360)
        if (right + window >= 360) look(0, right + window - 360)
      }
    }
  }

  #zone(dec: number): number {
    return Math.floor((dec - this.#south) / this.#height)
  }
}

function placesOf(ra: ArrayLike<number>, dec: ArrayLike<number>): Uint32Array {
  const known = new Uint32Array(ra.length)
  let count = 0
  for (let i = 0; i < ra.length; i++) if (isPlace(ra[i]!, dec[i]!)) known[count++] = i
  return known.subarray(0, count)
}

function spanOf(known: Uint32Array, dec: ArrayLike<number>): [number, number] {
  let [south, north] = [90, -90]
  for (const i of known) {
    south = Math.min(south, dec[i]!)
    north = Math.max(north, dec[i]!)
  }
  return [south, Math.max(south, north)]
}

function startsOf(known: Uint32Array, zoneOf: (i: number) => number, count: number): Uint32Array {
  const starts = new Uint32Array(count + 1)
  for (const i of known) starts[zoneOf(i) + 1]!++
  for (let zone = 0; zone < count; zone++) starts[zone + 1]! += starts[zone]!
  return starts
}

function byZone(
  known: Uint32Array,
  zoneOf: (i: number) => number,
  starts: Uint32Array
): Uint32Array {
  const next = starts.slice()
  const order = new Uint32Array(known.length)
  for (const i of known) order[next[zoneOf(i)]!++] = i
  return order
}

/** The first of [from, to) that is not below `value`. */
function lowest(values: Float64Array, from: number, to: number, value: number): number {
  let [low, high] = [from, to]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (values[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}

function isPlace(ra: number, dec: number): boolean {
  return Number.isFinite(ra) && Math.abs(dec) <= 90
}

/** In [0, 360), and to the bit what it was where it is that. */
function inTurn(ra: number): number {
  return ra >= 0 && ra < 360 ? ra : ((ra % 360) + 360) % 360
}

/** Most that two places within `reach` degrees differ in right ascension; all of it where the pole is within. */
function raWindow(dec: number, reach: number): number {
  if (Math.abs(dec) + reach >= 90) return 360
  return Math.asin(Math.min(1, Math.sin(reach * RAD) / Math.cos(dec * RAD))) / RAD + ROUNDING
}

/** Great-circle distance in arc seconds from degrees, by haversines: exact where it is small. */
function separationOf(ra1: number, dec1: number, ra2: number, dec2: number): number {
  const dDec = Math.sin(((dec2 - dec1) * RAD) / 2)
  const dRa = Math.sin(((ra2 - ra1) * RAD) / 2)
  const h = dDec * dDec + Math.cos(dec1 * RAD) * Math.cos(dec2 * RAD) * dRa * dRa
  return (2 * Math.asin(Math.min(1, Math.sqrt(h))) * ARCSEC) / RAD
}
