import type { Alert } from './alerts.ts'
import { Dice } from './dice.ts'

/**
 * The alerts with one column replaced by noise of the same kind: numbers between the smallest and the
 * largest that occur, texts and ids drawn from those that occur. Null when the column never says anything.
 */
export function withNoise(alerts: readonly Alert[], column: string, seed: number): Alert[] | null {
  const dice = new Dice(seed)
  const pool = alerts
    .flatMap((alert) => alert[column])
    .filter((value) => value !== null && value !== undefined)
  if (pool.length === 0) return null
  const draw = drawer(pool, dice)
  return alerts.map((alert) => {
    const value = alert[column]
    const noise = Array.isArray(value) ? value.map(draw) : dice.chance(0.1) ? null : draw()
    return { ...alert, [column]: noise }
  })
}

function drawer(pool: readonly unknown[], dice: Dice): () => unknown {
  if (typeof pool[0] === 'boolean') return () => dice.chance(0.5)
  if (typeof pool[0] !== 'number') return () => dice.pick(pool)
  const numbers = pool as readonly number[]
  const low = numbers.reduce((a, b) => Math.min(a, b))
  const high = numbers.reduce((a, b) => Math.max(a, b))
  return numbers.every((value) => Number.isInteger(value))
    ? () => dice.whole(low, high)
    : () => dice.between(low, high)
}
