/** A strict reader of the text format of Prometheus, to judge what we write: it forgives nothing. */

export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface MetricFamily {
  readonly type: string
  readonly help: string
  readonly samples: Sample[]
}

const HEAD = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{.*\})? (\S+)$/
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\["\\n])*)"(,|$)/y

/** @throws Error that names the line which is against the format. */
export function parsePrometheus(text: string): Map<string, MetricFamily> {
  if (!text.endsWith('\n')) throw new Error('the last line is not ended')
  const families = new Map<string, MetricFamily>()
  const seen = new Set<string>()
  let help: string[] = []
  let current = ''
  for (const line of text.slice(0, -1).split('\n')) {
    const head = HEAD.exec(line)
    if (head) {
      const [, kind, name = '', rest = ''] = head
      if (kind === 'HELP') help = [name, rest]
      else if (help[0] !== name || families.has(name)) throw new Error(`out of order: ${line}`)
      else families.set((current = name), { type: rest, help: help[1] ?? '', samples: [] })
      continue
    }
    const sample = readSample(line)
    const family = families.get(current)
    const key = JSON.stringify([
      sample.name,
      Object.entries(sample.labels).sort(([a], [b]) => (a < b ? -1 : 1))
    ])
    if (!family || !belongs(sample.name, current, family.type) || seen.has(key)) {
      throw new Error(`out of place: ${line}`)
    }
    seen.add(key)
    family.samples.push(sample)
  }
  for (const [name, family] of families) checkFamily(name, family)
  return families
}

function readSample(line: string): Sample {
  const match = SAMPLE.exec(line)
  if (!match) throw new Error(`no sample: ${line}`)
  const [, name = '', labels = '{}', value = ''] = match
  const number = value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value)
  if (Number.isNaN(number)) throw new Error(`no number: ${line}`)
  return { name, labels: readLabels(labels.slice(1, -1), line), value: number }
}

function readLabels(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {}
  LABEL.lastIndex = 0
  while (LABEL.lastIndex < text.length) {
    const match = LABEL.exec(text)
    if (!match) throw new Error(`labels: ${line}`)
    const [, name = '', value = ''] = match
    labels[name] = value.replaceAll(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c))
  }
  return labels
}

function belongs(name: string, family: string, type: string): boolean {
  if (type !== 'histogram') return name === family
  return ['_bucket', '_sum', '_count'].some((end) => name === family + end)
}

function checkFamily(name: string, { type, samples }: MetricFamily): void {
  if (!['counter', 'gauge', 'histogram'].includes(type)) throw new Error(`type of ${name}: ${type}`)
  if ((type === 'counter') !== name.endsWith('_total'))
    throw new Error(`name of a ${type}: ${name}`)
  if (type === 'counter' && samples.some(({ value }) => value < 0)) throw new Error(`${name} < 0`)
  if (type !== 'histogram') return
  const series = Map.groupBy(samples, ({ labels }) => JSON.stringify({ ...labels, le: '' }))
  for (const own of series.values()) {
    const buckets = own.filter((sample) => sample.name === `${name}_bucket`)
    const bounds = buckets.map(({ labels }) => Number(labels['le']?.replace('+Inf', 'Infinity')))
    const rises = (list: number[]) => list.every((value, i) => i === 0 || value >= list[i - 1]!)
    const total = own.find((sample) => sample.name === `${name}_count`)?.value
    const isWhole = buckets.at(-1)?.value === total && bounds.at(-1) === Number.POSITIVE_INFINITY
    if (!isWhole || !rises(bounds) || !rises(buckets.map(({ value }) => value))) {
      throw new Error(`buckets of ${name}: ${JSON.stringify(own[0]?.labels)}`)
    }
  }
}

export function nameOf({ name }: Sample): string {
  return name
}

/** The sum of all samples of this name with these labels; null if there is none. */
export function sumOf(
  families: ReadonlyMap<string, MetricFamily>,
  name: string,
  labels: Readonly<Record<string, string>> = {}
): number | null {
  const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ''))
  const chosen = (family?.samples ?? []).filter(
    (sample) =>
      sample.name === name &&
      Object.entries(labels).every(([key, value]) => sample.labels[key] === value)
  )
  return chosen.length === 0 ? null : chosen.reduce((sum, { value }) => sum + value, 0)
}

/** The sums by one label, without those that are 0. */
export function sumsBy(
  families: ReadonlyMap<string, MetricFamily>,
  name: string,
  label: string
): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const { labels, value } of families.get(name)?.samples ?? []) {
    if (value !== 0) sums[labels[label] ?? ''] = (sums[labels[label] ?? ''] ?? 0) + value
  }
  return sums
}
