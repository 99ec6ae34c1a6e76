import { PacketError } from '../reasons.ts'
import { headerEntry, isContainer } from './heads.ts'

/** Of a file of a topic that was merged of others: which messages of it lay where. */
export interface MergedTopic {
  /** The file that they lay in. */
  readonly from: string
  /** The first of them in the merged file, and how many they are. */
  readonly nth: number
  readonly rows: number
}

const KEY = 'siskin.merged'

/** More names than this would make a header that no reader takes. */
export const MOST_MERGED = 40_000

/** What the header of a merged file says of those it was made of. */
export function layMerged(
  files: readonly { readonly path: string; readonly rows: number }[]
): Record<string, string> {
  return { [KEY]: JSON.stringify(files.map(({ path, rows }) => [shortOf(path), rows])) }
}

/** `topics/<topic>/night=<night>/` is that of the merged file too. */
const FOLDERS = 3

function shortOf(path: string): string {
  return path.split('/').slice(FOLDERS).join('/')
}

/** Null: the file was not merged, or is none of Siskin's, which is told by who reads what is in it. */
export function mergedOf(path: string, bytes: Uint8Array): MergedTopic[] | null {
  const entry = entryOf(bytes)
  if (!entry) return null
  const folder = path.split('/', FOLDERS).join('/')
  let nth = 0
  return (JSON.parse(Buffer.from(entry).toString()) as [string, number][]).map(([name, rows]) => {
    const own = { from: `${folder}/${name}`, nth, rows }
    nth += rows
    return own
  })
}

function entryOf(bytes: Uint8Array): Uint8Array | null {
  if (!isContainer(bytes, 0)) return null
  try {
    return headerEntry(bytes, KEY)
  } catch (error) {
    if (error instanceof PacketError) return null
    throw error
  }
}
