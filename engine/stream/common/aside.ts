import { TornFileError } from '../../errors.ts'
import { OWN } from '../../lake/ledger.ts'
import { fileName } from '../../store/file-name.ts'
import { readJson, readNote, replaceFile } from '../../store/replace-file.ts'
import type { Store } from '../../store/store.ts'
import type { Partition } from '../../kafka/partition.ts'

/** Why a partition is not read, while the others are. */
const ASIDE = {
  gone: 'its topic is gone from Kafka',
  'made-anew': 'its topic was deleted and made anew: its offsets mean other messages',
  'ends-before': 'Kafka has less of it than the lake',
  changed: 'Kafka has other messages of it than were taken in',
  'not-ours': 'another group, or another Kafka, fills this lake from its topic',
  torn: 'a file that the lake keeps of it is damaged',
  forbidden: 'our user lacks a right that others do not need',
  unanswered: 'Kafka does not give what is to be looked at of it',
  unwritable: 'a packet of it can be brought neither into the lake nor into quarantine',
  unknown: 'the note of it is damaged'
} as const

export type AsideReason = keyof typeof ASIDE

/** What may be mended without that the stream hears of it: it is tried again after a while. */
const MENDED = new Set<AsideReason>(['unwritable', 'torn', 'forbidden', 'unanswered'])

export function isTriedAgain({ reason }: { readonly reason: AsideReason }): boolean {
  return MENDED.has(reason)
}

/** A partition that is not read, and why. */
export interface Aside extends Partition {
  readonly source: string
  readonly reason: AsideReason
  readonly detail: string
}

/** What the lake keeps of a partition that stands aside, for whoever looks at it later. */
export interface AsideNote {
  readonly source: string
  readonly reason: AsideReason
  readonly detail: string
  readonly since: string
}

const FOLDER = `${OWN}/aside`
/** A topic may have a name that is too long for the file of its note, and stands aside for that. */
const pathOf = (source: string) => `${FOLDER}/${fileName(source)}.json`

export async function noteAside(
  store: Store,
  { source, reason, detail }: Omit<AsideNote, 'since'>
): Promise<void> {
  const path = pathOf(source)
  const before = await readNote<AsideNote>(store, path)
  if (before?.reason === reason && before.detail === detail) return
  await replaceFile(store, path, { source, reason, detail, since: new Date().toISOString() })
}

/** The partition is read again. */
export async function forgetAside(store: Store, source: string): Promise<void> {
  await store.remove(pathOf(source))
}

/** All that stand aside, by source. */
export async function readAside(store: Store): Promise<Map<string, AsideNote>> {
  const notes = new Map<string, AsideNote>()
  for (const { name } of await store.entries(FOLDER)) {
    if (!name.endsWith('.json')) continue
    const note = await noteOf(store, name.slice(0, -'.json'.length))
    if (note) notes.set(note.source, note)
  }
  return notes
}

/** Of one that is damaged only the name is left; the stream writes it anew, or removes it. */
async function noteOf(store: Store, source: string): Promise<AsideNote | null> {
  const path = pathOf(source)
  try {
    return await readJson<AsideNote>(store, path)
  } catch (error) {
    if (!(error instanceof TornFileError)) throw error
    const detail = `${path} is damaged: the stream writes it anew or removes it`
    return { source, reason: 'unknown', detail, since: 'an unknown time' }
  }
}
