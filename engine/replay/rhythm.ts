/** When packets are due. Seconds are counted from the start, packets from 0. */
export interface Rhythm {
  /** Packets that are due by now; asked with times that do not go back. */
  due(seconds: number): number
  /** When the first packet beyond those is due. */
  readonly next: number
}

/** Evenly, so many a second. */
export function steady(perSecond: number): Rhythm {
  let count = 0
  return {
    due(seconds) {
      count = Math.floor(seconds * perSecond) + 1
      return count
    },
    get next() {
      return count / perSecond
    }
  }
}

/** As fast as Kafka takes them. */
export function unpaced(): Rhythm {
  return { due: () => Number.POSITIVE_INFINITY, next: 0 }
}

/** All alerts of a visit come at once, one visit after the other. */
interface Visits {
  readonly seconds: number
  /** Alerts of a visit; `dice` is a number from 0 to 1 of its own. */
  readonly alerts: (visit: number, dice: number) => number
}

const LIKE = {
  /** An exposure every 40 s, 100 to 500 alerts each: 240,000 in a night of nine hours. */
  ztf: { seconds: 40, alerts: (_, dice) => 100 + Math.floor(dice * 401) },
  /** A visit every 39 s, one in ten of them a burst: 333 alerts/s on average. */
  lsst: { seconds: 39, alerts: (visit, dice) => (visit > 0 && dice < 0.1 ? 40_000 : 10_000) }
} satisfies Record<string, Visits>

export type LikeSurvey = keyof typeof LIKE

/** As a survey sends them, in visits whose sizes follow from the seed. */
export function like(survey: LikeSurvey, seed: number): Rhythm {
  const { seconds, alerts }: Visits = LIKE[survey]
  let visits = 0
  let count = 0
  return {
    due(now) {
      for (; visits * seconds <= now; visits++) count += alerts(visits, dice(seed, visits))
      return count
    },
    get next() {
      return visits * seconds
    }
  }
}

/** A number from 0 to 1 that depends on the two and nothing else. */
function dice(seed: number, index: number): number {
  let state = (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) + Math.imul(index + 1, 0xc2b2ae35)) | 0
  state = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
  state = Math.imul(state ^ (state >>> 15), 0x735a2d97)
  return ((state ^ (state >>> 15)) >>> 0) / 2 ** 32
}
