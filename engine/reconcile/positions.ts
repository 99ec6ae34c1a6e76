import type { PartitionSpan } from '../kafka/committed-reader.ts'

/** How far the lake, the group and Kafka are with one partition of the input. */
export interface SourceState {
  readonly source: string
  readonly parts: number
  /** The offset behind the lake's last part. */
  readonly lake: number
  /** Where the group goes on; null without a position. */
  readonly group: number | null
  /** Messages of the input from the group's position on; null where the topic is gone. */
  readonly waiting: number | null
  readonly state: 'ok' | 'lake-ahead' | 'group-ahead' | 'no-position' | 'input-gone' | 'input-short'
}

/**
 * Holds the lake's end against the group's position before the ledger was read, and after: between
 * the two the lake may have grown. And both against the input.
 */
export function sourceState(
  { source, parts, lake, input, waiting }: Lake,
  before: number | null,
  after: number | undefined
): SourceState {
  const group = after ?? before
  const known = { source, parts, lake, group, waiting }
  if (before !== null && before > lake) return { ...known, state: 'group-ahead' }
  if (group !== null && group < lake) return { ...known, state: 'lake-ahead' }
  if (!input) return { ...known, state: 'input-gone' }
  if (input.end < lake) return { ...known, state: 'input-short' }
  return { ...known, state: group === null ? 'no-position' : 'ok' }
}

interface Lake extends Pick<SourceState, 'source' | 'parts' | 'lake' | 'waiting'> {
  readonly input: PartitionSpan | null
}

/** A group that has no position of any of a lake's partitions is most often another one: what else is said of it follows from that. */
export function noPosition(group: string): string {
  return `group ${group} has no position of anything that the lake was filled from: is --group right? If it is, set each of its partitions to where the lake ends`
}

/** What is wrong with a source, in words. */
export function tellSource(
  { source, lake, group, state }: SourceState,
  input: PartitionSpan | null,
  groupId: string,
  isStaged: boolean
): string[] {
  const lines: string[] = []
  const span = (from: number, to: number) =>
    to - from === 1 ? `offset ${from}` : `offsets ${from} to ${to - 1}`
  if (state === 'group-ahead') {
    const what = `source ${source}: group ${groupId} goes on at ${group}, the lake ends at ${lake}: `
    lines.push(
      what +
        (isStaged
          ? `${span(lake, group!)} are committed and lie staged; the next member that gets the partition places them`
          : `${span(lake, group!)} are in no part; to take them in, set the group back to ${lake}`)
    )
  }
  if (state === 'lake-ahead') {
    lines.push(
      `source ${source}: the lake ends at ${lake}, group ${groupId} goes on at ${group}: ${span(group!, lake)} would be taken in twice; set the group forward to ${lake}`
    )
  }
  if (state === 'no-position') {
    lines.push(
      `source ${source}: the lake ends at ${lake}, but group ${groupId} has no position: is --group right? If it is, set it to ${lake}`
    )
  }
  if (state === 'input-short') {
    lines.push(
      `source ${source}: the lake ends at ${lake}, but the topic at ${input!.end}: it was made anew, and cannot go into the same lake`
    )
  }
  if (input && group !== null && group >= lake && group < input.first) {
    lines.push(
      `source ${source}: ${span(group, input.first)} were deleted by Kafka before they were taken in`
    )
  }
  return lines
}
