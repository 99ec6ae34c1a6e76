import type { Alert, AlertRecord } from './alert.ts'
import { fieldOf, TOPIC } from './alert.ts'

export interface JsonOptions {
  /** Only these fields; null: all. */
  readonly fields: readonly string[] | null
  readonly stamps: boolean
}

/** An alert as one line of JSON: 64-bit integers are strings, bytes base64, what is not finite null. */
export function jsonOf(alert: Alert, { fields, stamps }: JsonOptions): string {
  const { message, record } = alert
  const chosen = fields ? picked(alert, fields) : stamps ? record : withoutStamps(record)
  return JSON.stringify({ [TOPIC]: message.topic, ...chosen }, replaced)
}

function picked(alert: Alert, fields: readonly string[]): AlertRecord {
  const chosen: Record<string, unknown> = {}
  for (const path of fields) {
    const names = path.split('.')
    let at = chosen
    for (const name of names.slice(0, -1)) at = (at[name] ??= {}) as Record<string, unknown>
    at[names.at(-1)!] = fieldOf(alert, path) ?? null
  }
  return chosen
}

export function isStamp(name: string): boolean {
  return name.startsWith('cutout')
}

/** A record without its stamps, whatever the survey's form calls them. */
function withoutStamps(record: AlertRecord): AlertRecord {
  return Object.fromEntries(Object.entries(record).filter(([name]) => !isStamp(name)))
}

function replaced(this: unknown, key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  const own = (this as Record<string, unknown>)[key] // toJSON has made an object of a Buffer
  return own instanceof Uint8Array ? Buffer.from(own).toString('base64') : value
}
