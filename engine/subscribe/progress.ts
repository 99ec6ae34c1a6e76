import type { MergedTopic } from '../avro/merged-topic.ts'
import type { TopicMarks } from './bookmarks.ts'

/**
 * How far a file of a topic is read. Of one that was merged of others it is noted by those: what was read of them before the
 * night was closed is read, and what is read of it now is not read of them, where they are still listed.
 */
export class Progress {
  readonly #files: TopicMarks['files']
  readonly #path: string
  readonly #merged: readonly MergedTopic[] | null
  readonly #listed: ReadonlySet<string>

  /** @param listed the files of the topic as they were seen last */
  constructor(
    { files }: TopicMarks,
    path: string,
    merged: readonly MergedTopic[] | null,
    listed: ReadonlySet<string>
  ) {
    this.#files = files
    this.#path = path
    this.#merged = merged
    this.#listed = listed
  }

  /** Messages of a file of so many that are not read. */
  unread(count: number): number[] {
    const isRead = new Uint8Array(count).fill(1, 0, endOf(this.#files, this.#path, count))
    for (const { from, nth, rows } of this.#merged ?? []) {
      isRead.fill(1, nth, nth + endOf(this.#files, from, rows))
    }
    return Array.from(isRead.keys()).filter((i) => isRead[i] === 0)
  }

  upTo(end: number): void {
    if (!this.#merged) this.#files[this.#path] = end
    for (const { from, nth, rows } of this.#merged ?? []) {
      if (end >= nth + rows) this.#files[from] = true
      else if (end > nth) this.#files[from] = end - nth
    }
  }

  /** All of it is read; what is not there any more need not be remembered. */
  end(): void {
    this.#files[this.#path] = true
    for (const { from } of this.#merged ?? []) {
      if (this.#listed.has(from)) this.#files[from] = true
      else delete this.#files[from]
    }
  }
}

function endOf(files: TopicMarks['files'], path: string, rows: number): number {
  const read = files[path] ?? 0
  return read === true ? rows : read
}

/** How many messages of a file are read. */
export function readOf(
  { files }: TopicMarks,
  { path, rows }: { readonly path: string; readonly rows: number },
  merged: readonly MergedTopic[] | null
): number {
  const own = endOf(files, path, rows)
  if (!merged || files[path] === true) return own
  return merged.reduce((sum, part) => sum + endOf(files, part.from, part.rows), 0)
}
