import { dirname } from 'node:path/posix'
import { TornFileError } from '../errors.ts'
import { foldedPath, nightOfClosed, takenPath } from '../lake/closed.ts'
import { partName, partPath, spanOfRecord } from '../lake/ledger.ts'
import type { PartFile, PartRecord } from '../lake/ledger.ts'
import { recordAt } from '../lake/records.ts'
import type { Store } from '../store/store.ts'
import type { Finding } from '../verify/finding.ts'
import { SISKIN_VERSION } from '../version.ts'
import { reopen } from './reopen.ts'

/** A part of a closed night whose record is gone or cannot be read. */
export interface LostNight {
  readonly source: string
  readonly nth: number
  readonly text: string
}

export function lostNights(findings: readonly Finding[]): LostNight[] {
  return findings.flatMap((finding) => {
    const { kind, text } = finding
    if (kind === 'closed') return [{ source: finding.source, nth: finding.nth, text }]
    if (kind !== 'record' || !nightOfClosed(finding.source)) return []
    const span = spanOfRecord(finding.path)
    return span ? [{ source: finding.source, nth: span.first, text }] : []
  })
}

/** True of a file that may belong to one of them: until that is known it stays where it is. */
export function isOfLost(lost: readonly LostNight[], path: string): boolean {
  return lost.some(({ source }) => `${path}/`.includes(`/night=${nightOfClosed(source)!.night}/`))
}

/** Opens it again, of what is kept of its parts. Null: its record can be read by now. */
export async function openLost(
  store: Store,
  { source, nth }: LostNight,
  aside: (path: string) => Promise<unknown>
): Promise<string | null> {
  const torn = (error: unknown) => {
    if (!(error instanceof TornFileError)) throw error
    return null
  }
  const now = await recordAt(store, source, { first: nth, last: nth }).catch(torn)
  return now ? null : reopen(store, await lostClosed(store, source, nth), aside)
}

/** What its files tell: enough to open it again. */
async function lostClosed(store: Store, source: string, nth: number): Promise<PartRecord> {
  const { survey, night } = nightOfClosed(source)!
  const place = partPath(source, nth, nth)
  const folder = `night=${night}/${dirname(place)}`
  const topics = (await store.entries('topics')).map(({ name }) => `topics/${name}`)
  const files: PartFile[] = []
  const add = (path: string, kind: PartFile['kind'], bytes: number) =>
    files.push({ path, kind, rows: 0, bytes, crc32: '' })
  for (const root of [`${survey}/alerts`, `${survey}/packets`, ...topics]) {
    for (const { path, size } of await store.list(`${root}/${folder}`)) {
      if (path.startsWith(`${root}/night=${night}/${place}-`)) add(path, 'alerts', size)
    }
  }
  const taken = takenPath(source, nth)
  add(taken, 'taken', (await store.size(taken)) ?? 0)
  const folded = foldedPath(source, nth)
  const size = await store.size(folded)
  if (size !== null) add(folded, 'folded', size)
  const name = { part: partName(source, nth, nth), source, first: nth, last: nth }
  const none = { received: 0, alerts: 0, quarantined: {}, duplicates: 0, nights: {}, filters: {} }
  const closes = { night: `${survey}/${night}`, parts: 0, blocks: {}, copies: 0 }
  const made = { siskin: SISKIN_VERSION, started: new Date().toISOString(), seconds: {} }
  return { ...name, ...none, ...made, modules: {}, files, attempt: '', closes }
}
