/** A partition, and the source it is for the lake. */
export interface Partition {
  readonly topic: string
  readonly partition: number
}

/** Stands before topics that begin as files do which Spark, Hive and pyarrow pass over; no topic has it itself. */
const MARK = '+'

/** `<topic>-<partition>`: the name of the source in the lake. */
export function sourceOf({ topic, partition }: Partition): string {
  return `${/^[._]/.test(topic) ? MARK : ''}${topic}-${partition}`
}

/** The partition that a source is. */
export function partitionOf(source: string): Partition {
  const at = source.lastIndexOf('-')
  const topic = source.slice(source.startsWith(MARK) ? 1 : 0, at)
  return { topic, partition: Number(source.slice(at + 1)) }
}

/**
 * The longest name of a source that is read. File systems take names of 255 bytes; the longest name that the lake makes of a source's
 * is that of an index file (`duplicates/index-files.ts`), 89 characters more, and a requeue adds up to six.
 */
export const LONGEST_SOURCE = 160
