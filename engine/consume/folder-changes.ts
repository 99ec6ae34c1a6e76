import { SiskinError } from '../errors.ts'
import type { FolderRecord, KnownFile } from './book.ts'

/** A remembered file that is not what it was. */
interface Change {
  readonly file: KnownFile
  readonly isGone: boolean
  /** Packets in the files before it; null where that was never known. */
  readonly first: number | null
}

/** All of it can be read, and it is not what was asked for. */
export class OtherContentError extends SiskinError {
  override readonly name = 'OtherContentError'
}

const NAMED = 3

/** The files of a source whose content is in no file that is there; a file that was renamed is none. */
export function findChanges(record: FolderRecord, there: readonly KnownFile[]): Change[] {
  const digests = new Set(there.map(({ digest }) => digest))
  const names = new Set(there.map(({ name }) => name))
  const changes: Change[] = []
  let first: number | null = 0
  for (const file of record.files) {
    if (!digests.has(file.digest)) changes.push({ file, isGone: !names.has(file.name), first })
    first = first === null || file.packets === null ? null : first + file.packets
  }
  return changes
}

export function changedError(
  path: string,
  { name }: FolderRecord,
  changes: readonly Change[]
): OtherContentError {
  const more = changes.length > NAMED ? `; and ${changes.length - NAMED} more` : ''
  return new OtherContentError(
    `folder "${path}" is not what it was when it was taken in as source ${name}: ` +
      `${changes.slice(0, NAMED).map(told).join('; ')}${more}. ` +
      'With --replace it begins anew as another source, and what was taken in stays in the lake; ' +
      'or put the files back, and the new ones into a folder of their own'
  )
}

function told({ file, isGone, first }: Change): string {
  const what = isGone ? 'is gone' : 'has other content'
  return `${file.name} (${positions(file, first)}) ${what}`
}

function positions({ packets }: KnownFile, first: number | null): string {
  if (first === null) return 'its positions are not known: the run was cut off'
  if (packets === null) return `position ${first} on`
  if (packets === 0) return 'no positions'
  return packets === 1 ? `position ${first}` : `positions ${first} to ${first + packets - 1}`
}
