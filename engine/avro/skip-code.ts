import { PacketError } from '../reasons.ts'
import type { Avro, AvroRecord } from './schema.ts'
import type { Shape } from './shape.ts'
import { LONG, SKIP, viaReader } from './snippets.ts'

/** A schema that writes out to more than this was made to take the memory: real ones need 2,000. */
const MOST_LINES = 100_000

/** Arrays, unions and maps inside each other without a record between. */
const DEEPEST = 64

/** From here on a record has a function of its own, so that statements do not nest as deep as a schema. */
const INLINE = 8

/** Lines of one function; all of a schema draw on one budget. */
export class Lines {
  readonly text: string[] = []
  readonly #budget: { left: number }

  constructor(budget: { left: number } = { left: MOST_LINES }) {
    this.#budget = budget
  }

  add(line: string): void {
    if (--this.#budget.left < 0) {
      throw new PacketError('unreadable-schema', 'more fields than a packet can have')
    }
    const last = this.text.length - 1
    const step = STEP.exec(line)
    const before = step && STEP.exec(this.text[last] ?? '')
    if (before) this.text[last] = `p += ${Number(before[1]) + Number(step[1])}`
    else if (line) this.text.push(line)
  }

  /** Lines of another function that draw on the same budget. */
  beside(): Lines {
    return new Lines(this.#budget)
  }
}

const STEP = /^p \+= (\d+)$/

/**
 * Writes statements that step over values. A record that is held in more than one place, or by
 * itself, becomes a function: so the code is as long as the schema, however it nests.
 */
export class SkipCode {
  readonly #shape: Shape
  readonly #functions = new Map<AvroRecord, string>()
  readonly #waiting: AvroRecord[] = []

  constructor(shape: Shape) {
    this.#shape = shape
  }

  /** `depth` is the expression of how many records with functions are open. */
  skip(type: Avro, to: Lines, depth = '0', nested = 0): void {
    if (nested > DEEPEST) throw new PacketError('unreadable-schema', 'types nest without end')
    if (this.#shape.leastBytes(type) === 0) return
    const inner = (type: Avro) => this.skip(type, to, depth, nested + 1)
    switch (type.kind) {
      case 'primitive':
        return to.add(SKIP[type.type])
      case 'enum':
        return to.add(LONG)
      case 'fixed':
        return to.add(`p += ${type.size}`)
      case 'record':
        if (this.#shape.shared.has(type) || nested > INLINE) {
          return to.add(this.#call(type, depth))
        }
        return type.fields.forEach((field) => inner(field.type))
      case 'union':
        return writeUnion(type.branches, to, inner)
      case 'array':
        return this.loop(type.items, to, () => inner(type.items))
      case 'map':
        writeLoop(to, 1, '', '')
        to.add(SKIP.string)
        inner(type.values)
        to.add('} }')
    }
  }

  /** The blocks of an array, of which items without bytes need no loop of their own. */
  loop(items: Avro, to: Lines, item: () => void): void {
    const least = this.#shape.leastBytes(items)
    if (least === 0) return to.add(viaReader('r.skipEmpty()'))
    writeLoop(to, least, '', '')
    item()
    to.add('} }')
  }

  #call(record: AvroRecord, depth: string): string {
    let name = this.#functions.get(record)
    if (!name) {
      name = `skip${this.#functions.size}`
      this.#functions.set(record, name)
      this.#waiting.push(record)
    }
    return `p = ${name}(r, u, p, end, ${depth} + 1)`
  }

  /** The functions that the statements written so far call, and those that these call. */
  functions(budget: Lines): string {
    const written: string[] = []
    for (let record = this.#waiting.pop(); record; record = this.#waiting.pop()) {
      const body = budget.beside()
      for (const { type } of record.fields) this.skip(type, body, 'depth')
      written.push(
        `function ${this.#functions.get(record)!}(r, u, p, end, depth) {
          if (end - p < ${this.#shape.leastBytes(record)}) r.overrun()
          if (depth > ${DEEPEST_PACKET}) r.tooDeep(depth)
          let b = 0, x = 0
          ${body.text.join('\n')}
          return p
        }`
      )
    }
    return written.join('\n')
  }
}

const MOST_BRANCHES = 1000

/** Records inside records of one packet: below where the stack ends, also of a thread. */
const DEEPEST_PACKET = 2000

/** A union: the number of its branch is one byte, twice the number, unless there are more than 64. */
export function writeUnion(branches: Avro[], to: Lines, write: (branch: Avro) => void): void {
  if (branches.length > MOST_BRANCHES) {
    throw new PacketError('unreadable-schema', `a union of ${branches.length} types`)
  }
  if (branches.length <= 64) to.add('switch (u[p++]) {')
  else to.add(`${viaReader('x = r.long() * 2')}; switch (x) {`)
  branches.forEach((branch, i) => {
    to.add(`case ${i * 2}: {`)
    write(branch)
    to.add('break }')
  })
  to.add('default: r.badUnion(p) }')
}

/** The blocks of an array or map; `n` counts down inside a block. The caller closes both braces. */
export function writeLoop(to: Lines, least: number, grow: string, step: string): void {
  to.add(
    `for (;;) { ${viaReader(`x = r.blockCount(${least})`)}
    if (x === 0) break
    let n = x
    ${grow}
    for (; n > 0; n--${step}) { if (p > end) r.overrun()`
  )
}
