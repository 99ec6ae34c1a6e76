import type { Module, Stamp, StampName, Stamps } from '../contract/index.ts'
import { STAMPS } from './table.ts'

/** The stamps of the alerts of a batch, as images. */
export interface Images {
  /** Null where none was sent, or it is damaged. */
  at(name: StampName, row: number): Stamp | null
}

/** Packets are not at hand. */
export const NO_IMAGES: Images = { at: () => null }

/** What a module gets of the rows from `base` on: the stamps that it declares. */
export function stampsFor(
  { name: module, stamps: declared = [] }: Pick<Module, 'name' | 'stamps'>,
  images: Images,
  base = 0
): Stamps {
  const readers = STAMPS.map((name) => {
    const at = (row: number): Stamp | null => {
      if (declared.includes(name)) return images.at(name, base + row)
      throw new Error(
        `module ${module} reads a stamp that it does not declare: stamps: ['${name}']`
      )
    }
    return [name, { at }] as const
  })
  return Object.fromEntries(readers) as Record<StampName, Stamps[StampName]>
}
