import { eachBinary } from './binary.ts'
import { cellValue } from './cell.ts'
import type { Value } from './cell.ts'
import { fieldOf } from './field.ts'
import type { Field } from './field.ts'
import { walkXml } from './walk.ts'
import type { Visitor } from './walk.ts'

/** What a VOTable says of its table before the data. */
export interface Head {
  readonly fields: readonly Field[]
  /** Coordinate systems by their ids (`ICRS`, `eq_FK5`). */
  readonly systems: ReadonlyMap<string, string>
}

/** @throws Error for what is no VOTable, has no table, or is what a service says of a failure */
export function votableHead(bytes: Uint8Array): Head {
  const reader = new Reader(null, () => {})
  walkXml(bytes, reader)
  reader.expectTable()
  return reader
}

/** Values of plain fields, by their numbers: of each a list as long as the table. @throws Error that says what is wrong */
export function votableValues(
  bytes: Uint8Array,
  wanted: ReadonlySet<number>
): { readonly values: ReadonlyMap<number, readonly Value[]>; readonly isCutOff: boolean } {
  const values = new Map([...wanted].map((field) => [field, [] as Value[]]))
  const reader = new Reader(wanted, (field, value) => values.get(field)!.push(value))
  walkXml(bytes, reader)
  return { values, isCutOff: reader.isCutOff }
}

/** Rows of text, or of bytes in base64, as they come. Without `wanted` only what lies before them. */
class Reader implements Visitor, Head {
  fields: Field[] = []
  readonly systems = new Map<string, string>()
  /** The service that made it had more rows. */
  isCutOff = false
  isDone = false
  readonly #wanted: ReadonlySet<number> | null
  readonly #visit: (field: number, value: Value) => void
  readonly #path: string[] = []
  #isVotable = false
  #tables = 0
  #cell = 0
  #row = 0
  /** What an element says that is listened to. */
  #text: string[] | null = null
  #failure: string[] | null = null

  constructor(wanted: ReadonlySet<number> | null, visit: (field: number, value: Value) => void) {
    this.#wanted = wanted
    this.#visit = visit
  }

  open(name: string, attributes: Readonly<Record<string, string>>): void {
    if (this.isDone) return
    const parent = this.#path.at(-1)
    this.#path.push(name)
    if (name === 'VOTABLE') this.#isVotable = true
    if (!this.#isVotable) throw new Error(`it begins with <${name}>: it is no VOTable`)
    if (name === 'COOSYS') this.systems.set(attributes['ID'] ?? '', attributes['system'] ?? '')
    if (name === 'INFO' && attributes['name'] === 'QUERY_STATUS') this.#said(attributes)
    if (name === 'TABLE' && this.#tables === 0) this.fields = []
    if (name === 'FIELD' && this.#tables === 0) this.fields.push(fieldOf(attributes))
    if (name === 'VALUES' && parent === 'FIELD' && this.#tables === 0) {
      this.fields.at(-1)!.nullText = attributes['null'] ?? null
    }
    if (name === 'DATA') this.#data()
    if (this.#wanted === null) return
    if (name === 'TR') this.#cell = 0
    if (name === 'TD' && this.#wanted.has(this.#cell)) this.#text = []
    if (name === 'STREAM') this.#stream(attributes)
    if (parent === 'DATA' && !['TABLEDATA', 'BINARY', 'BINARY2'].includes(name)) {
      throw new Error(
        `its data are ${name}: TABLEDATA, BINARY and BINARY2 are read; save it as one of them`
      )
    }
  }

  text(text: string): void {
    this.#text?.push(text)
    this.#failure?.push(text)
  }

  close(name: string): void {
    if (this.isDone) return
    this.#path.pop()
    if (name === 'INFO' && this.#failure) {
      throw new Error(`its service failed: ${this.#failure.join('').trim() || 'it says no more'}`)
    }
    if (name === 'TD') this.#endCell()
    if (name === 'TR') this.#endRow()
    if (name === 'STREAM' && this.#text) this.#endStream(this.#path.at(-1) === 'BINARY2')
  }

  expectTable(): void {
    if (!this.#isVotable) throw new Error('it is no VOTable')
    if (this.fields.length === 0) throw new Error('it has no table')
  }

  #said({ value = '' }: Readonly<Record<string, string>>): void {
    if (value === 'ERROR') this.#failure = []
    else this.isCutOff ||= value === 'OVERFLOW'
  }

  #data(): void {
    this.#tables++
    if (this.#tables > 1) throw new Error('it has several tables: leave the one that is meant')
    if (this.#wanted === null) this.isDone = true
  }

  #endCell(): void {
    const field = this.fields[this.#cell]
    if (!field) throw new Error(`row ${this.#row + 1} has more cells than there are fields`)
    if (this.#text) this.#cellOf(field, this.#text.join(''))
    this.#text = null
    this.#cell++
  }

  #cellOf(field: Field, text: string): void {
    try {
      this.#visit(this.#cell, cellValue(field, text))
    } catch (error) {
      throw new Error(`row ${this.#row + 1} has ${(error as Error).message}`, { cause: error })
    }
  }

  #endRow(): void {
    this.#row++
    if (this.#cell === this.fields.length) return
    throw new Error(`row ${this.#row} has ${this.#cell} cells for ${this.fields.length} fields`)
  }

  #stream({ href, encoding = 'base64' }: Readonly<Record<string, string>>): void {
    if (href !== undefined) throw new Error(`its data lie elsewhere (${href}): save it with them`)
    if (encoding !== 'base64') {
      throw new Error(`its data have the encoding "${encoding}": base64 is read`)
    }
    this.#text = []
  }

  #endStream(hasNulls: boolean): void {
    const bytes = Buffer.from(this.#text!.join(''), 'base64')
    this.#text = null
    const isWanted = this.fields.map((_, i) => this.#wanted!.has(i))
    eachBinary(bytes, this.fields, { hasNulls, isWanted }, this.#visit)
  }
}
