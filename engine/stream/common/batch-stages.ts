import type { Histogram } from '../../metrics/histogram.ts'

/** What a micro-batch is doing while time passes, in order. */
export const STAGES = {
  wait: 'for packets, or for the trigger',
  decode: 'packets to columns',
  enrich: 'all modules',
  select: 'all filters, and the messages of what they select',
  parquet: 'the files of the lake, in memory',
  stage: 'the files into the staging folder of the lake, durable',
  turn: 'for the commit of the micro-batch before',
  transaction: 'messages and positions into Kafka: the commit',
  place: 'the files to their places in the lake'
} as const

type Stage = keyof typeof STAGES

/** What a member tells of a micro-batch beside the records of its parts. */
export interface BatchAccount {
  readonly seconds: Readonly<Record<Stage, number>>
  /** Bytes of packets by input topic. */
  readonly bytes: Readonly<Record<string, number>>
  /** By input topic: seconds from a message's time stamp until it was published. */
  readonly latency: Readonly<Record<string, Histogram>>
}
