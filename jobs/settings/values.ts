import { InvalidArgumentError } from 'commander'

/** One setting: its flag, its environment variable and its key in the configuration file are one line. */
export interface Setting {
  readonly key: string
  readonly flag: string
  readonly about: string
  /** Its default, which `--help` shows. */
  readonly fallback?: unknown
  /** What it is when nobody says, where `about` tells that in words. */
  readonly unset?: unknown
  /** What a flag without its optional value means. */
  readonly preset?: string
  readonly parse?: (text: string) => unknown
}

type Given<S extends Setting> = S extends { readonly parse: (text: string) => infer T } ? T : string

/** What the commands get: the values of a table of settings, null where nobody says and there is no default. */
export type ValuesOf<T extends Readonly<Record<string, Setting>>> = {
  [K in keyof T]: T[K] extends { readonly fallback: unknown } | { readonly unset: unknown }
    ? Given<T[K]>
    : Given<T[K]> | null
}

/** The values that were given, with their defaults. */
export function valuesOf<T extends Readonly<Record<string, Setting>>>(
  table: T,
  given: Readonly<Record<string, unknown>>
): ValuesOf<T> {
  const read = Object.values(table).map(({ key, fallback, unset }) => [
    key,
    given[key] ?? fallback ?? unset ?? null
  ])
  return Object.fromEntries(read) as ValuesOf<T>
}

export const list = (text: string): string[] => text.split(',').map((name) => name.trim())

export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new InvalidArgumentError(`"${text}" is no whole number from ${least} to ${most}.`)
    }
    return value
  }
}

export function oneOf<T extends string>(...known: readonly T[]): (text: string) => T {
  return (text) => {
    const value = known.find((name) => name === text)
    if (!value) throw new InvalidArgumentError(`"${text}" is none of ${known.join(', ')}.`)
    return value
  }
}

export function positive(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value > 0 && value <= 1e6)) {
    throw new InvalidArgumentError(`"${text}" is no number above 0 and up to 1,000,000.`)
  }
  return value
}

export function yesNo(text: string): boolean {
  if (/^(yes|true|on|1)$/i.test(text)) return true
  if (/^(no|false|off|0)$/i.test(text)) return false
  throw new InvalidArgumentError(`"${text}" is neither yes nor no.`)
}
