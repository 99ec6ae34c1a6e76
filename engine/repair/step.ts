import type { PartRecord } from '../lake/ledger.ts'

/** One thing that a repair does, or cannot do. */
export interface RepairStep {
  /** What it is about, however that is told: it is done, or said, once. */
  readonly key: string
  /** What is wrong. */
  readonly what: string
  /** What is done about it; null: nothing can be. */
  readonly how: string | null
  /** Why nothing can be done. */
  readonly why: string | null
  /** The source that it is about; null: none. */
  readonly source: string | null
  /** Does it; says what came of it. */
  readonly run: (() => Promise<string>) | null
}

export function cannot(
  what: string,
  why: string,
  source: string | null = null,
  key = what
): RepairStep {
  return { key, what, how: null, why, source, run: null }
}

export function step(
  what: string,
  how: string,
  source: string | null,
  run: () => Promise<string>
): RepairStep {
  return { key: what, what, how, why: null, source, run }
}

/** Of what is to be said, or done, about a source that was not read to its end. */
export function unfinishedKey(source: string): string {
  return `unfinished ${source}`
}

export function nameOf({ source, first, last }: PartRecord): string {
  return `${source} ${first} to ${last}`
}
