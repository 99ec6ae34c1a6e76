import type { Decoded } from '../read-archive.ts'

/** How a field is used over many packets: what two samples are compared by. */
export interface FieldProfile {
  readonly types: ReadonlySet<string>
  readonly nulls: 'always' | 'never' | 'sometimes'
  /** Real values, sentinels left out, ascending. */
  readonly numbers: readonly number[]
  /** The values -999 and -99999 and the string "null" that stand for "none". */
  readonly sentinels: ReadonlySet<string>
  readonly count: number
}

const SENTINELS = new Set(['-999', '-99999', 'null'])

export function profile(records: readonly Decoded[], field: string): FieldProfile {
  const types = new Set<string>()
  const sentinels = new Set<string>()
  const numbers: number[] = []
  let nulls = 0
  for (const record of records) {
    const value = record[field]
    if (value === null || value === undefined) {
      nulls++
      continue
    }
    types.add(typeof value)
    const text = typeof value === 'string' ? value : String(Number(value))
    if (SENTINELS.has(text)) sentinels.add(text)
    else if (typeof value === 'number' || typeof value === 'bigint') numbers.push(Number(value))
  }
  return {
    types,
    nulls: nulls === 0 ? 'never' : nulls === records.length ? 'always' : 'sometimes',
    numbers: numbers.sort((a, b) => a - b),
    sentinels,
    count: records.length
  }
}

/** The value below which a share of ascending numbers lies. */
export function quantile(numbers: readonly number[], share: number): number {
  return numbers[Math.round(share * (numbers.length - 1))] ?? Number.NaN
}

/** How the bulk of one sample lies in the span of another; null if it does. */
export function outOfRange(ours: FieldProfile, theirs: FieldProfile, slack: number): string | null {
  if (ours.numbers.length < 20 || theirs.numbers.length < 5) return null
  const [low, high] = [quantile(theirs.numbers, 0), quantile(theirs.numbers, 1)]
  const room = slack * Math.max(high - low, 1e-9)
  const [p5, p95] = [quantile(ours.numbers, 0.05), quantile(ours.numbers, 0.95)]
  if (p5 >= low - room && p95 <= high + room) return null
  return `p5-p95 ${p5} to ${p95}, real ${low} to ${high}`
}
