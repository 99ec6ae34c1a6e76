import { constants, existsSync, fstatSync, readFileSync, statSync } from 'node:fs'
import { SiskinError } from '../../engine/errors.ts'
import type { Alert } from '../../engine/subscribe/alert.ts'
import { fieldOf, TOPIC } from '../../engine/subscribe/alert.ts'
import { FieldCheck } from '../../engine/subscribe/save/columns.ts'
import { jsonOf } from '../../engine/subscribe/json.ts'
import type { JsonOptions } from '../../engine/subscribe/json.ts'
import type { Sink } from '../../engine/subscribe/subscribe.ts'
import { count, table } from '../common/terminal.ts'
import type { LagRow } from '../../engine/subscribe/feed.ts'

/** Who reads our output has enough of it. */
export class BrokenPipe extends Error {
  override readonly name = 'BrokenPipe'
}

function write(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (!error) resolve()
      else reject((error as NodeJS.ErrnoException).code === 'EPIPE' ? new BrokenPipe() : error)
    })
  })
}

const NULL_DEVICE = '/dev/null'

/**
 * Node.js opens the null device in place of a standard output that is closed (`>&-`), for reading and writing, which
 * no `> /dev/null` of a shell does.
 * @throws SiskinError where what is printed would be lost, and would count as read.
 */
export function expectOutput(): void {
  if (!existsSync('/proc/self/fdinfo/1')) return
  const { rdev } = fstatSync(1)
  const [, flags = '0'] =
    /^flags:\s*([0-7]+)/m.exec(readFileSync('/proc/self/fdinfo/1', 'utf8')) ?? []
  const isForBoth = (Number.parseInt(flags, 8) & constants.O_RDWR) !== 0
  if (rdev !== statSync(NULL_DEVICE).rdev || !isForBoth) return
  throw new SiskinError(
    `standard output is closed: alerts that are printed would be lost; say > ${NULL_DEVICE} if that is meant`
  )
}

/** Alerts as lines of JSON. */
export class JsonPrinter implements Sink {
  readonly isFlushed = true
  readonly #options: JsonOptions
  readonly #check: FieldCheck

  constructor(options: JsonOptions) {
    this.#options = options
    this.#check = new FieldCheck(options.fields)
  }

  async take(alerts: readonly Alert[]): Promise<void> {
    for (const alert of alerts) this.#check.of(alert)
    const lines = alerts.map((alert) => `${jsonOf(alert, this.#options)}\n`)
    if (lines.length > 0) await write(lines.join(''))
  }

  async close(): Promise<void> {}
}

/** What is shown of Siskin's messages, else of those in a survey's own form. */
const COLUMNS = ['object_id', 'alert_id', 'time', 'band', 'mag', 'flux']
const SURVEY_COLUMNS = ['objectId', 'candid', 'diaSourceId', 'candidate.jd', 'candidate.magpsf']

/** Alerts as a table that grows: the first of them set the widths. */
export class TablePrinter implements Sink {
  readonly isFlushed = true
  readonly #fields: readonly string[] | null
  readonly #more: (topic: string) => readonly string[]
  readonly #check: FieldCheck
  readonly #several: boolean
  #shown: readonly string[] = []
  #widths: number[] = []

  /**
   * @param more columns that a topic's filter decides by
   * @param several several topics are read: each alert says which it was in
   */
  constructor(
    fields: readonly string[] | null,
    more: (topic: string) => readonly string[],
    several: boolean
  ) {
    this.#fields = fields
    this.#more = more
    this.#several = several
    this.#check = new FieldCheck(fields)
  }

  async take(alerts: readonly Alert[]): Promise<void> {
    if (alerts.length === 0) return
    const lines: string[][] = []
    if (this.#shown.length === 0) {
      this.#shown = this.#fields ?? this.#chosen(alerts)
      lines.push([...this.#shown])
    }
    for (const alert of alerts) {
      this.#check.of(alert)
      lines.push(this.#shown.map((field) => cell(alert, field)))
    }
    for (const line of lines) {
      line.forEach((text, i) => (this.#widths[i] = Math.max(this.#widths[i] ?? 0, text.length)))
    }
    const padded = lines.map((line) => line.map((text, i) => text.padEnd(this.#widths[i]!)))
    await write(padded.map((line) => `${line.join('  ').trimEnd()}\n`).join(''))
  }

  #chosen(alerts: readonly Alert[]): string[] {
    const there = this.#check.of(alerts[0]!)
    const topics = new Set(alerts.map(({ message }) => message.topic))
    const known = COLUMNS.filter((field) => there.has(field))
    const base = known.length > 0 ? known : SURVEY_COLUMNS.filter((field) => there.has(field))
    const more = [...topics].flatMap((topic) => this.#more(topic))
    const own = this.#several ? [TOPIC] : []
    return [...new Set([...own, ...base, ...more.filter((field) => there.has(field))])]
  }

  async close(): Promise<void> {}
}

function cell(alert: Alert, field: string): string {
  const value = fieldOf(alert, field)
  if (value === null || value === undefined) return '-'
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : shortest(value)
  if (value instanceof Uint8Array) return `${value.length} bytes`
  if (typeof value !== 'object') return (value as string | bigint | boolean).toString()
  return JSON.stringify(value, (_, own: unknown) => (typeof own === 'bigint' ? String(own) : own))
}

/** Six digits, and none that say nothing. */
function shortest(value: number): string {
  return String(Number(value.toPrecision(6)))
}

export function lagText(group: string, rows: readonly LagRow[], by: string): string {
  const total = rows.reduce((sum, { lag }) => sum + lag, 0)
  const most = rows.every(({ isExact }) => isExact) ? '' : 'at most '
  const lines = rows.map(({ topic, partition, position, end, lag, isExact }) => [
    topic,
    partition,
    position === null ? '-' : String(position),
    String(end),
    `${isExact ? '' : '<= '}${lag}`
  ])
  const head = `group ${group}: ${most}${count(total)} behind`
  return [head, table([['topic', by, 'position', 'end', 'lag'], ...lines])].join('\n')
}
