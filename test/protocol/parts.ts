import type { Staged } from '../../engine/lake/two-phase-commit.ts'
import { partName } from '../../engine/lake/ledger.ts'
import type { PartRecord, PositionSpan } from '../../engine/lake/ledger.ts'
import type { SelectedMessage } from '../../engine/publish/kafka.ts'

/** The topic that the stream reads. */
export const TOPIC = 'alerts'

/** A range of positions of a source. */
interface Span extends PositionSpan {
  readonly source: string
}

/** What a file of an attempt holds, so that those of two attempts are told apart. */
export function contentOf(path: string, attempt: string): string {
  return `${path} by ${attempt}`
}

const EMPTY = {
  quarantined: {},
  duplicates: 0,
  nights: {},
  modules: {},
  filters: {},
  siskin: '0',
  started: '',
  seconds: {}
}

/** The record of an attempt and its files. */
export function recordOf(
  { source, first, last }: Span,
  attempt: string
): { record: PartRecord; files: Staged[] } {
  const part = partName(source, first, last)
  const count = last - first + 1
  const files = ['alerts', 'packets'].map((kind) => {
    const path = `${kind}/${part}`
    return { path, pieces: [Buffer.from(contentOf(path, attempt))] }
  })
  const account = files.map(({ path, pieces }) => {
    return { path, kind: 'alerts', bytes: pieces[0]!.length, rows: count, crc32: '' } as const
  })
  const record = {
    ...EMPTY,
    part,
    source,
    first,
    last,
    attempt,
    files: account,
    received: count,
    alerts: count
  }
  return { record, files }
}

const MESSAGE = {
  topic: 'topic',
  filter: 'filter@1',
  survey: 'ztf',
  night: 0,
  key: '',
  bare: false,
  value: new Uint8Array()
}

/** A filter takes every other alert. */
export function isSelected(position: number): boolean {
  return position % 2 === 0
}

/** The messages for the topics. */
export function selectedOf({ source, first, last }: Span): SelectedMessage[] {
  const positions = Array.from({ length: last - first + 1 }, (_, i) => first + i)
  return positions.filter(isSelected).map((position) => ({
    ...MESSAGE,
    source: `${source}@${position}`
  }))
}
