import { isHttp } from '../../store/http-files.ts'
import { openStore } from '../../store/open-store.ts'

/** Which of a catalogue's snapshots is asked: what its file or folder is called without an ending. */
export interface Snapshot {
  readonly stem: string
  /** `2026-01-10`; null for a catalogue that has no dates. */
  readonly date: string | null
}

const DAY_MS = 86_400_000

/**
 * Of `NAME@2026-01-10` and its like the newest, or the newest that was whole by `asOf`; else `NAME`, which has no date.
 * @returns null where there is none, or all are younger
 */
export async function snapshotOf(
  folder: string,
  name: string,
  asOf: string | null
): Promise<Snapshot | null> {
  if (isHttp(folder)) return { stem: name, date: null } // nobody lists a web server
  const names = (await openStore(folder).entries('')).map((entry) => entry.name)
  const stems = new Set(names.map((own) => own.replace(/\.[a-z]+(\.gz)?$/, '')))
  const dates = [...stems].flatMap((stem) => {
    const [own, date] = stem.split('@')
    return own === name && date !== undefined && isDate(date) ? [date] : []
  })
  const known = dates.filter(
    (date) => asOf === null || Date.parse(date) + DAY_MS <= Date.parse(asOf)
  )
  const newest = known.sort().at(-1)
  if (newest !== undefined) return { stem: `${name}@${newest}`, date: newest }
  return dates.length === 0 && stems.has(name) ? { stem: name, date: null } : null
}

export function isDate(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text))
}
