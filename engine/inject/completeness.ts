/** An exposure of the night that had an injected object in its field. */
export interface InjectedLook {
  readonly class: string
  readonly object: number
  /** Noiseless magnitude, null without any light; days since the onset, null where there is none. */
  readonly mag: number | null
  readonly age: number | null
  /** Id of the alert that it became; null: too faint for the survey. */
  readonly id: string | null
}

/** Of objects or looks: how many there were, became alerts, and are in the topic. */
interface Counts {
  injected: number
  findable: number
  found: number
}

/** A share with its 95 % interval by Wilson's score; null of nothing. */
export interface Share {
  readonly share: number
  readonly low: number
  readonly high: number
}

export interface Bin extends Counts {
  readonly from: number
  /** Null: without end. */
  readonly to: number | null
  /** Found of findable. */
  readonly completeness: Share | null
}

/** What a topic found of a class. */
export interface TopicCompleteness {
  readonly class: string
  readonly topic: string
  readonly objects: Counts & { readonly completeness: Share | null }
  /** Looks by magnitude at the alert, and by age. */
  readonly byMagnitude: readonly Bin[]
  readonly byAge: readonly Bin[]
}

/** Edges of ages, in days. */
const AGES = [0, 0.25, 0.5, 1, 2, 3, 5, 7, 10, 15, 20, 30, 45, 60, 90, 120]

/** 97.5 % of a standard normal distribution lie below. */
const Z = 1.959964

/** The share of `part` in `whole`, with the interval that holds it in 95 of 100 cases (Wilson 1927). */
export function shareOf(part: number, whole: number): Share | null {
  if (whole === 0) return null
  const p = part / whole
  const scale = 1 + Z ** 2 / whole
  const middle = (p + Z ** 2 / (2 * whole)) / scale
  const half = (Z / scale) * Math.sqrt((p * (1 - p)) / whole + Z ** 2 / (4 * whole ** 2))
  return { share: p, low: Math.max(0, middle - half), high: Math.min(1, middle + half) }
}

/** By class and topic, in the order that they come in. `selected`: ids of injected alerts that belong to each topic. */
export function completeness(
  looks: readonly InjectedLook[],
  selected: ReadonlyMap<string, ReadonlySet<string>>
): TopicCompleteness[] {
  const byClass = Map.groupBy(looks, (look) => look.class)
  return [...byClass].flatMap(([name, own]) =>
    [...selected].map(([topic, ids]) => ({ class: name, topic, ...ofTopic(own, ids) }))
  )
}

function ofTopic(looks: readonly InjectedLook[], ids: ReadonlySet<string>) {
  const objects = noCounts()
  for (const own of Map.groupBy(looks, ({ object }) => object).values()) {
    objects.injected++
    if (own.some(({ id }) => id !== null)) objects.findable++
    if (own.some(({ id }) => id !== null && ids.has(id))) objects.found++
  }
  const magnitudes = new Map<number, Counts>()
  const ages = new Map<number, Counts>()
  for (const look of looks) {
    const { mag, age } = look
    if (mag !== null) count(magnitudes, Math.floor(mag), look, ids)
    if (age !== null)
      count(
        ages,
        AGES.findLastIndex((edge) => age >= edge),
        look,
        ids
      )
  }
  const { findable, found } = objects
  return {
    objects: { ...objects, completeness: shareOf(found, findable) },
    byMagnitude: withoutTail(binsOf(magnitudes, (mag) => mag)),
    byAge: binsOf(ages, (index) => AGES[index] ?? null)
  }
}

function count(
  bins: Map<number, Counts>,
  bin: number,
  { id }: InjectedLook,
  ids: ReadonlySet<string>
): void {
  const counts = bins.get(bin) ?? noCounts()
  bins.set(bin, counts)
  counts.injected++
  if (id === null) return
  counts.findable++
  if (ids.has(id)) counts.found++
}

function binsOf(counts: ReadonlyMap<number, Counts>, edge: (bin: number) => number | null): Bin[] {
  return [...counts]
    .sort(([a], [b]) => a - b)
    .map(([bin, own]) => ({
      from: edge(bin) ?? 0,
      to: edge(bin + 1),
      ...own,
      completeness: shareOf(own.found, own.findable)
    }))
}

/** What is fainter than all that can be found is one bin. */
function withoutTail(bins: readonly Bin[]): Bin[] {
  const last = bins.findLastIndex(({ findable }) => findable > 0)
  const [seen, [first, ...rest]] = [bins.slice(0, last + 1), bins.slice(last + 1)]
  if (!first) return seen
  const injected = rest.reduce((sum, bin) => sum + bin.injected, first.injected)
  return [...seen, { ...first, to: null, injected }]
}

function noCounts(): Counts {
  return { injected: 0, findable: 0, found: 0 }
}
