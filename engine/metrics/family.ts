import { addHistogram, emptyHistogram, observe } from './histogram.ts'
import type { Histogram } from './histogram.ts'

/** What a metric is: its name, its labels, and what it says. Names and units as Prometheus has them. */
export interface MetricDef {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly about: string
  readonly labels: readonly string[]
  /** Upper bounds of a histogram's buckets, ascending; the one of infinity is added. */
  readonly bounds?: readonly number[]
}

interface Series {
  readonly labels: readonly string[]
  value: number
  histogram: Histogram | null
}

/** A metric with the values it has, one for each combination of labels that was met. */
export class Family {
  readonly def: MetricDef
  readonly #series = new Map<string, Series>()

  constructor(def: MetricDef) {
    this.def = def
  }

  /** Adds to a counter; adding 0 makes it visible before the first thing that it counts. */
  add(count: number, ...labels: string[]): void {
    this.#at(labels).value += count
  }

  set(value: number, ...labels: string[]): void {
    this.#at(labels).value = value
  }

  observe(value: number, ...labels: string[]): void {
    observe(this.#histogramAt(labels), this.def.bounds ?? [], value)
  }

  merge(histogram: Histogram, ...labels: string[]): void {
    addHistogram(this.#histogramAt(labels), histogram)
  }

  clear(): void {
    this.#series.clear()
  }

  /** Leaves out all that has this value of the label. */
  forget(label: string, value: string): void {
    const index = this.def.labels.indexOf(label)
    if (index < 0) return
    for (const [key, { labels }] of this.#series) {
      if (labels[index] === value) this.#series.delete(key)
    }
  }

  /** Its lines in the text format of Prometheus, version 0.0.4. */
  *lines(): Generator<string> {
    const { name, type, about } = this.def
    yield `# HELP ${name} ${about.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`
    yield `# TYPE ${name} ${type}`
    for (const series of this.#series.values()) {
      if (series.histogram) yield* this.#histogram(series.labels, series.histogram)
      else yield `${name}${this.#named(series.labels)} ${number(series.value)}`
    }
  }

  *#histogram(labels: readonly string[], histogram: Histogram): Generator<string> {
    const { name, bounds = [] } = this.def
    let sum = 0
    for (const [i, count] of histogram.counts.entries()) {
      sum += count
      const bound = number(bounds[i] ?? Number.POSITIVE_INFINITY)
      yield `${name}_bucket${this.#named(labels, `le="${bound}"`)} ${sum}`
    }
    yield `${name}_sum${this.#named(labels)} ${number(histogram.sum)}`
    yield `${name}_count${this.#named(labels)} ${sum}`
  }

  #named(labels: readonly string[], ...more: string[]): string {
    const named = labels.map((value, i) => `${this.def.labels[i]}="${escaped(value)}"`)
    const all = [...named, ...more]
    return all.length === 0 ? '' : `{${all.join(',')}}`
  }

  #at(labels: readonly string[]): Series {
    const key = JSON.stringify(labels)
    const there = this.#series.get(key)
    if (there) return there
    const { bounds } = this.def
    const made = { labels, value: 0, histogram: bounds ? emptyHistogram(bounds) : null }
    this.#series.set(key, made)
    return made
  }

  #histogramAt(labels: readonly string[]): Histogram {
    return this.#at(labels).histogram ?? emptyHistogram([])
  }
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

function number(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  if (value === Number.NEGATIVE_INFINITY) return '-Inf'
  return String(value)
}
