import { createHash } from 'node:crypto'

/** File systems take names of 255 bytes: those of drafts are longer by up to 50. */
const MOST = 200
const DIGITS = 32

/** A name of Kafka's as one of a file: one that is too long is cut, and told from others by what it was. */
export function fileName(name: string): string {
  if (name.length <= MOST) return name
  const digest = createHash('sha256').update(name).digest('hex').slice(0, DIGITS)
  return `${name.slice(0, MOST - DIGITS - 1)}+${digest}`
}
