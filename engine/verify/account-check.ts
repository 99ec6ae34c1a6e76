import type { OnFinding } from './finding.ts'
import { openAlerts } from '../lake/closed.ts'
import type { ClosedAccount } from '../lake/closed.ts'
import type { PartFile, PartRecord } from '../lake/ledger.ts'
import { countPlaces } from '../lake/files/places.ts'

/** What the input still has of positions that are in no part, in words. */
export type OnGap = (source: string, first: number, last: number) => Promise<string>

/** What is known of positions that are in no part. */
interface KnownGaps {
  readonly onGap?: OnGap | undefined
  /** True where they were given up: that is only told. */
  readonly isAbandoned?: (source: string, first: number, last: number) => Promise<boolean>
}

/** The positions of one source, of which each is to be in one part. Parts are given in their order. */
export class SourceRange {
  readonly #source: string
  readonly #onFinding: OnFinding
  readonly #known: KnownGaps
  #next: number | 'first' | null
  #isStream = false

  /**
   * @param next the position to begin at; `first`: wherever the first part that is seen does; null: at 0, or for a
   * partition where the lake began with it.
   */
  constructor(
    source: string,
    next: number | 'first' | null,
    onFinding: OnFinding,
    known: KnownGaps = {}
  ) {
    this.#source = source
    this.#next = next
    this.#onFinding = onFinding
    this.#known = known
  }

  /** The position behind all parts so far. */
  get end(): number {
    return typeof this.#next === 'number' ? this.#next : 0
  }

  async add({ first, last, stream }: PartRecord): Promise<void> {
    this.#isStream ||= stream !== undefined
    const known = this.#next ?? (stream?.begins ? first : 0)
    const next = known === 'first' ? first : known
    if (first > next) await this.#gap(next, first - 1)
    if (first < next) {
      const both = Math.min(next - 1, last)
      const text = `source ${this.#source}: ${this.#word} ${first} to ${both} are in twice`
      this.#onFinding({ kind: 'other', text, isDifference: true })
    }
    this.#next = Math.max(next, last + 1)
  }

  /** The source holds `count` packets in all. */
  async expect(count: number): Promise<void> {
    if (this.end < count) await this.#gap(this.end, count - 1)
  }

  get #word(): string {
    return this.#isStream ? 'offsets' : 'packets'
  }

  async #gap(first: number, last: number): Promise<void> {
    const gap = { source: this.#source, first, last, isStream: this.#isStream }
    const { onGap, isAbandoned } = this.#known
    if (!this.#isStream && (await isAbandoned?.(this.#source, first, last))) {
      const text = `source ${this.#source}: packets ${first} to ${last} are missing, and were given up`
      return this.#onFinding({ kind: 'gap', ...gap, text, isDifference: false })
    }
    const more = this.#isStream ? await onGap?.(this.#source, first, last) : 'run it again'
    const told = this.#isStream ? 'in no part' : 'missing'
    const what = `source ${this.#source}: ${this.#word} ${first} to ${last} are ${told}`
    const text = more ? `${what}; ${more}` : what
    this.#onFinding({ kind: 'gap', ...gap, text, isDifference: true })
  }
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}

/** What parts had of a night that is closed, all of it but the rows of copies. */
function checkClosed(
  { part, alerts, files }: PartRecord,
  { copies }: ClosedAccount,
  onFinding: OnFinding
): void {
  const rows = (kind: PartFile['kind']) =>
    files.filter((file) => file.kind === kind).reduce((sum, file) => sum + file.rows, 0)
  const say = (what: string, a: number, b: number) => {
    if (a === b) return
    onFinding({ kind: 'other', text: `part ${part}: ${what}: ${a} and ${b}`, isDifference: true })
  }
  say('alerts and rows of its files', alerts, rows('alerts'))
  say('alerts with their copies and packets kept', alerts + copies, rows('packets'))
}

/** received = alerts + quarantined + duplicates, and every total is the sum of its parts. */
export function checkAccount(record: PartRecord, onFinding: OnFinding): void {
  if (record.closes) return checkClosed(record, record.closes, onFinding)
  const { part, received, alerts, duplicates, first, last, modules, filters, files } = record
  const { stream, closedIn } = record
  const say = (what: string, a: number, b: number) => {
    if (a === b) return
    onFinding({ kind: 'other', text: `part ${part}: ${what}: ${a} and ${b}`, isDifference: true })
  }
  const rows = (kind: PartFile['kind']) =>
    files.filter((file) => file.kind === kind).reduce((sum, file) => sum + file.rows, 0)
  const quarantined = total(record.quarantined)
  const offsets = stream ? stream.messages + stream.missing : received
  say('packets received and positions', offsets, last - first + 1)
  say('received and alerts + quarantined + duplicates', received, alerts + quarantined + duplicates)
  say('alerts and alerts by night', alerts, total(record.nights))
  say('alerts and rows of its files', openAlerts(record), rows('alerts'))
  say('alerts and packets kept', openAlerts(record), rows('packets'))
  say('quarantined and rows of its file', quarantined, rows('quarantine'))
  const published = Object.values(filters).reduce((sum, filter) => sum + filter.published, 0)
  // else its messages are in Kafka's topics, or went with a closed night
  const isFiled = !closedIn && (!stream || rows('topic') > 0)
  if (isFiled) say('published and messages of its files', published, rows('topic'))
  for (const [name, { published: own, selected }] of Object.entries(filters)) {
    if (!selected) continue
    const named = Object.values(selected).reduce((sum, text) => sum + countPlaces(text), 0)
    say(`published and offsets named of filter ${name}`, own, named)
  }
  for (const { path, rows: kept, places } of files) {
    if (places !== undefined) say(`packets and offsets named of ${path}`, kept, countPlaces(places))
  }
  for (const [name, { statuses }] of Object.entries(modules)) {
    say(`alerts and statuses of module ${name}`, alerts, total(statuses))
  }
}
