import type { Answers, Lookups, LookupStatus, Module } from '#contract'
import type { Answered } from '../../engine/table/answers.ts'
import type { Images } from '../../engine/table/images.ts'
import type { Alert } from './alerts.ts'
import { Dice } from './dice.ts'

/** What a module asks for that is no column, as `stamps.difference`, `gcvs`, `gcvs.type`. */
export function askedBy({ stamps = [], lookups = {} }: Pick<Module, 'stamps' | 'lookups'>) {
  const answers = Object.entries(lookups).flatMap(([name, { columns }]) => {
    const own = Object.keys(columns).map((key) => `${name}.${key}`)
    return own.length > 0 ? own : [name]
  })
  return [...stamps.map((name) => `stamps.${name}`), ...answers]
}

/** Images of 8 x 8 pixels that hang on the id of the alert, other ones of what is `noisy`; none of every fifth. */
export function madeUpStamps(alerts: readonly Alert[], noisy: string): Images {
  const header = new Map<string, string>()
  return {
    at(name, row) {
      const id = idOf(alerts[row]!)
      if (id % 5 === 0) return null
      const dice = diceFor(id + name.length, `stamps.${name}` === noisy)
      return {
        width: 8,
        height: 8,
        pixels: Float32Array.from({ length: 64 }, () => dice.normal()),
        header
      }
    }
  }
}

/**
 * Answers of catalogues that hang on the id of the alert, other ones of what is `noisy`: most find something, some columns are empty.
 * @param only what all of them are
 */
export function madeUpAnswers(
  alerts: readonly Alert[],
  noisy: string,
  only: LookupStatus | null = null
): Answered {
  return {
    for(lookups = {}, base = 0) {
      const answers = Object.entries(lookups).map(([name, { radius, columns }]) => {
        const dice = (row: number) => diceFor(idOf(alerts[base + row]!), name === noisy)
        const hasPlace = (row: number) => (alerts[base + row]!['ra'] ?? null) !== null
        const status = (row: number) => only ?? (hasPlace(row) ? dice(row).pick(STATUSES) : 'none')
        const isFound = (row: number) => status(row) === 'found'
        const own = Object.entries(columns).map(([key, { kind }]) => {
          const seed = (row: number) => idOf(alerts[base + row]!) + key.length
          const said = (row: number) =>
            valueOf(kind, diceFor(seed(row), `${name}.${key}` === noisy))
          return [key, { at: (row: number) => (isFound(row) ? said(row) : null) }] as const
        })
        const separation = (row: number) => (isFound(row) ? dice(row).between(0, radius) : null)
        return [
          name,
          { ...Object.fromEntries(own), status: { at: status }, separation: { at: separation } }
        ]
      })
      return Object.fromEntries(answers) as Answers<Lookups>
    }
  }
}

export const LOOKUP_STATUSES: readonly LookupStatus[] = [
  'found',
  'none',
  'not-covered',
  'unavailable'
]

const STATUSES: readonly LookupStatus[] = ['found', 'found', ...LOOKUP_STATUSES]

function valueOf(kind: string, dice: Dice): number | bigint | string | boolean | null {
  if (dice.chance(0.2)) return null
  if (kind === 'text') return dice.pick(['EA', 'RRAB', 'SRB', 'M', 'AGN'])
  if (kind === 'flag') return dice.chance(0.5)
  return kind === 'id' ? BigInt(dice.whole(1, 1_000_000)) : dice.between(-10, 30)
}

function idOf(alert: Alert): number {
  return Number(((alert['alert_id'] as bigint | null) ?? 0n) % 1000n)
}

function diceFor(seed: number, isNoisy: boolean): Dice {
  return new Dice(isNoisy ? seed + 7919 : seed)
}
