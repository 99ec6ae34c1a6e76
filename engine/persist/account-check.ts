import type { PartFile, PartRecord } from './ledger.ts'
import { countPlaces } from './places.ts'

interface Span {
  readonly first: number
  readonly last: number
}

/** The ranges of every source, of which each position is to be in one. */
export class SourceRanges {
  readonly #sources = new Map<string, { spans: Span[]; begins: number; isStream: boolean }>()

  add({ source, first, last, stream }: PartRecord): void {
    const known = this.#sources.get(source) ?? { spans: [], begins: 0, isStream: false }
    known.spans.push({ first, last })
    if (stream?.begins) known.begins = first
    known.isStream ||= stream !== undefined
    this.#sources.set(source, known)
  }

  /** Names positions that are in no range, or in two. */
  async check(
    differences: string[],
    onGap?: (source: string, first: number, last: number) => Promise<string>
  ): Promise<void> {
    for (const [source, { spans, begins, isStream }] of this.#sources) {
      const word = isStream ? 'offsets' : 'packets'
      let next = begins
      for (const { first, last } of spans.sort((a, b) => a.first - b.first)) {
        if (first > next) {
          const gap = `source ${source}: ${word} ${next} to ${first - 1} are `
          const more = isStream ? await onGap?.(source, next, first - 1) : 'run it again'
          const told = isStream ? 'in no part' : 'missing'
          differences.push(gap + told + (more ? `; ${more}` : ''))
        } else if (first < next) {
          const both = Math.min(next - 1, last)
          differences.push(`source ${source}: ${word} ${first} to ${both} are in twice`)
        }
        next = Math.max(next, last + 1)
      }
    }
  }
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}

/** received = alerts + quarantined + duplicates, and every total is the sum of its parts. */
export function checkAccount(record: PartRecord, differences: string[]): void {
  const { part, received, alerts, duplicates, first, last, modules, filters, files } = record
  const { stream } = record
  const say = (what: string, a: number, b: number) => {
    if (a !== b) differences.push(`part ${part}: ${what}: ${a} and ${b}`)
  }
  const rows = (kind: PartFile['kind']) =>
    files.filter((file) => file.kind === kind).reduce((sum, file) => sum + file.rows, 0)
  const quarantined = total(record.quarantined)
  const offsets = stream ? stream.messages + stream.missing : received
  say('packets received and positions', offsets, last - first + 1)
  say('received and alerts + quarantined + duplicates', received, alerts + quarantined + duplicates)
  say('alerts and alerts by night', alerts, total(record.nights))
  say('alerts and rows of its files', alerts, rows('alerts'))
  say('alerts and packets kept', alerts, rows('packets'))
  say('quarantined and rows of its file', quarantined, rows('quarantine'))
  const published = Object.values(filters).reduce((sum, filter) => sum + filter.published, 0)
  if (!stream) say('published and messages of its files', published, rows('topic'))
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
