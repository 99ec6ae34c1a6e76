import { amount as amountOf } from '../../engine/amount.ts'

/** Small words for people: numbers, sizes, durations, tables. */

export function count(value: number): string {
  return value.toFixed(0).replaceAll(/\B(?=(\d{3})+$)/g, ',') // ICU would take 20 ms to load
}

/** A number of things: `1 part`, `2 parts`. */
export function amount(number: number, thing: string): string {
  return amountOf(number, thing, count(number))
}

export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${value.toFixed(value < 10 && unit > 0 ? 1 : 0)} ${units[unit]}`
}

export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** Rows as a table with aligned columns; numbers (right) start with a digit. */
export function table(rows: readonly (readonly string[])[], indent = '  '): string {
  const widths: number[] = []
  for (const row of rows)
    row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)))
  return rows
    .map((row) => {
      const cells = row.map((cell, i) =>
        /^[\d,.]+( \S+)?$/.test(cell) && i > 0 ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)
      )
      return indent + cells.join('  ').trimEnd()
    })
    .join('\n')
}

/** A line that is written over and over on a terminal, and seldom where there is none. */
export class ProgressLine {
  readonly #stream: NodeJS.WriteStream
  readonly #everyMs: number
  #last = 0
  #shown = false

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
    this.#everyMs = stream.isTTY ? 100 : 10_000
    if (!stream.isTTY) this.#last = performance.now()
  }

  update(line: () => string): void {
    const now = performance.now()
    if (now - this.#last < this.#everyMs) return
    this.#last = now
    if (this.#stream.isTTY) {
      this.#stream.write(`\r\x1b[2K${line().slice(0, this.#stream.columns - 1)}`)
      this.#shown = true
    } else {
      this.#stream.write(`${line()}\n`)
    }
  }

  /** Writes a whole line above the progress. */
  say(line: string): void {
    this.clear()
    this.#stream.write(`${line}\n`)
  }

  clear(): void {
    if (this.#shown) this.#stream.write('\r\x1b[2K')
    this.#shown = false
  }
}

export function bar(fraction: number, width = 24): string {
  const full = Math.round(Math.min(1, Math.max(0, fraction)) * width)
  return `[${'='.repeat(full)}${' '.repeat(width - full)}]`
}

/** Text broken at spaces to a width; the lines after the first are indented as deep as the label. */
export function wrapped(label: string, text: string, width: number): string {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!
    const longer = line === '' ? word : `${line} ${word}`
    if (line !== '' && label.length + longer.length > width) lines.push(word)
    else lines[lines.length - 1] = longer
  }
  return lines.map((line, i) => (i === 0 ? label : ' '.repeat(label.length)) + line).join('\n')
}
