import { InvalidArgumentError } from 'commander'

/** One setting: its flag, its environment variable and its key in the configuration file are one line. */
export interface Setting {
  readonly key: string
  readonly flag: string
  readonly about: string
  readonly fallback?: unknown
  /** What a flag without its optional value means. */
  readonly preset?: string
  readonly parse?: (text: string) => unknown
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
