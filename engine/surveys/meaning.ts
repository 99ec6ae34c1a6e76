import type { Unit } from '../contract/index.ts'

/** What a survey's field says: unit, kind of quantity (UCD1+) and description. */
export interface Meaning {
  readonly unit: Unit
  readonly ucd: string
  readonly doc: string
}

/** What stands for a placeholder in a name, and in the description. */
const PLACEHOLDERS: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  '{n}': [
    ['1', 'closest'],
    ['2', 'second closest'],
    ['3', 'third closest']
  ],
  '{band}': ['u', 'g', 'r', 'i', 'z', 'y'].map((band) => [band, band])
}

/**
 * Reads a table of meanings: a line a field, `name | unit | ucd | description`. `{n}` and `{band}` in
 * a name stand for the closest three sources and the six bands.
 */
export function meanings(table: string): ReadonlyMap<string, Meaning> {
  const lines = table.trim().split('\n')
  return new Map(
    lines.flatMap(expanded).map((line) => {
      const [name = '', unit = '', ucd = '', doc = ''] = line.split('|').map((cell) => cell.trim())
      return [name, { unit: unit as Unit, ucd, doc: `${doc}.` }]
    })
  )
}

function expanded(line: string): string[] {
  const found = Object.entries(PLACEHOLDERS).find(([key]) => line.includes(key))
  if (!found) return [line]
  const [key, values] = found
  const [name = '', ...rest] = line.split('|')
  return values.map(([short, long]) =>
    [name.replaceAll(key, short), ...rest.map((cell) => cell.replaceAll(key, long))].join('|')
  )
}
