type Attributes = Readonly<Record<string, string>>

const TYPES = [
  'boolean',
  'bit',
  'unsignedByte',
  'short',
  'int',
  'long',
  'char',
  'unicodeChar',
  'float',
  'double',
  'floatComplex',
  'doubleComplex'
] as const

type Datatype = (typeof TYPES)[number]

/** A column of a VOTable. */
export interface Field {
  readonly name: string
  readonly id: string
  readonly type: Datatype
  readonly unit: string
  readonly ucd: string
  /** The coordinate system that it refers to; empty for none. */
  readonly ref: string
  /** How many values a cell has; null: as many as each says itself. */
  readonly length: number | null
  /** A text, or one value: what a catalogue can be asked for. */
  readonly isPlain: boolean
  /** What stands for null, as it is written; null for nothing. */
  nullText: string | null
}

/** @throws Error for a type that VOTable does not have */
export function fieldOf(attributes: Attributes): Field {
  const { name = '', ID: id = '', datatype = '', arraysize = '', unit = '', ucd = '' } = attributes
  const type = TYPES.find((known) => known === datatype)
  if (!type) throw new Error(`field "${name || id}" has the datatype "${datatype}", which is none`)
  const isText = type === 'char' || type === 'unicodeChar'
  const length = lengthOf(name, arraysize)
  const isOne = arraysize === '' || arraysize === '1'
  const isPlain = isText ? !arraysize.includes('x') : isOne && !type.endsWith('Complex')
  const { ref = '' } = attributes
  return { name: name || id, id, type, unit, ucd, ref, length, isPlain, nullText: null }
}

/** `5`, `*`, `5*`, `5x3`, `5x*`. */
function lengthOf(name: string, arraysize: string): number | null {
  if (arraysize.endsWith('*')) return null
  const sizes = (arraysize === '' ? '1' : arraysize).split('x').map(Number)
  if (sizes.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    return sizes.reduce((product, size) => product * size, 1)
  }
  throw new Error(`field "${name}" has the arraysize "${arraysize}", which is none`)
}
