import { amount } from '../../amount.ts'
import type { PartRecord } from '../../lake/ledger.ts'
import type { BatchAccount } from '../common/batch-stages.ts'
import type { Partition } from '../../kafka/partition.ts'
import { sourceOf } from '../../kafka/partition.ts'
import type { LogFields, LogLevel } from '../common/messages.ts'

/** A line of the log: words for people, facts for machines. */
export interface LogEvent {
  readonly level: LogLevel
  readonly message: string
  readonly fields?: LogFields
  /** It comes again and again; a progress line tells people as much. */
  readonly isRoutine?: boolean
}

/** A micro-batch landed; or, without an account, one that another member had committed. */
export function batchEvent(
  member: string,
  records: readonly PartRecord[],
  batch: BatchAccount | null
): LogEvent {
  const sum = (of: (record: PartRecord) => number) => records.reduce((n, one) => n + of(one), 0)
  const received = sum((record) => record.received)
  const quarantined = sum(quarantinedIn)
  const selected = sum(({ filters }) =>
    Object.values(filters).reduce((n, { published }) => n + published, 0)
  )
  const stages = Object.entries(batch?.seconds ?? {})
  const worked = stages.filter(([stage]) => stage !== 'wait').reduce((n, [, s]) => n + s, 0)
  return {
    level: 'info',
    isRoutine: true,
    message: `${amount(received, 'packet')} ${batch ? 'landed' : 'of a former member in place'}`,
    fields: {
      member,
      received,
      alerts: sum(({ alerts }) => alerts),
      quarantined,
      duplicates: sum(({ duplicates }) => duplicates),
      selected,
      bytes: sum(({ files }) => files.reduce((n, { bytes }) => n + bytes, 0)),
      ...(batch && { seconds: rounded(worked), stages: roundedAll(stages) }),
      parts: records.map(partFacts)
    }
  }
}

function partFacts(record: PartRecord) {
  const { part, source, first, last, received, alerts } = record
  const dash = source.lastIndexOf('-')
  const topic = source.slice(0, dash)
  const partition = Number(source.slice(dash + 1))
  return {
    part,
    topic,
    partition,
    first,
    last,
    received,
    alerts,
    quarantined: quarantinedIn(record)
  }
}

function quarantinedIn({ quarantined }: PartRecord): number {
  return Object.values(quarantined).reduce((n, count) => n + count, 0)
}

export function assignmentEvent(
  member: string,
  generation: number,
  partitions: readonly Partition[]
): LogEvent {
  const names = partitions.map(sourceOf)
  return {
    level: 'info',
    isRoutine: true,
    message: `member ${member} has ${names.join(', ') || 'no partition'}`,
    fields: { member, generation, partitions: names }
  }
}

export function fencedEvent(member: string, parts: readonly string[]): LogEvent {
  return {
    level: 'info',
    isRoutine: true,
    message: `a micro-batch of member ${member} was another member's by its commit: it is dropped here and taken in there`,
    fields: { member, parts }
  }
}

function roundedAll(values: readonly (readonly [string, number])[]): Record<string, number> {
  return Object.fromEntries(values.map(([key, value]) => [key, rounded(value)]))
}

/** To the millisecond. */
function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000
}
