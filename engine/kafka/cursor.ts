import type { FetchedPartition } from './committed.ts'
import { TRANSACTION_MS } from './client.ts'
import { PartitionError } from './partition-error.ts'

/** A place with an end is waited for so long: what lies before it is a transaction that is open. */
const STUCK_MS = TRANSACTION_MS + 15_000

/** Where a partition is read. */
export interface Cursor {
  readonly topic: string
  readonly partition: number
  readonly end: number
  next: number
  /** Of the leader that wrote what was read last; -1: not known yet. */
  epoch: number
  moved: number
  /** Bytes that it gave since its turn began. */
  run: number
}

/** The broker holds the epoch against its own log, and says so where that ends before us. */
export function requestOf({ partition, next, epoch }: Cursor, partitionMaxBytes: number) {
  return {
    partition,
    fetchOffset: BigInt(next),
    partitionMaxBytes,
    currentLeaderEpoch: -1,
    lastFetchedEpoch: epoch
  }
}

export function checkMoving(cursors: readonly Cursor[]): void {
  for (const { topic, partition, next, end, moved } of cursors) {
    if (end === Number.POSITIVE_INFINITY || next >= end) continue
    if (performance.now() - moved < STUCK_MS) continue
    throw new PartitionError(
      `${topic}-${partition} gives nothing from offset ${next} on, though it ends at ${end}: is a transaction open there?`
    )
  }
}

/**
 * A log that lost its end while we read it, and grew again below another leader, ends for the leader of what we read last before where
 * we are. @throws PartitionError for one that does.
 */
export function checkUncut({ topic, partition, next }: Cursor, fetched: FetchedPartition): void {
  const endOffset = fetched.divergingEpoch?.endOffset ?? -1n
  if (endOffset < 0n) return
  throw new PartitionError(
    `${topic}-${partition} was read up to offset ${next}, and of that Kafka has lost what lies behind ${endOffset}: its log was cut, and grew again`
  )
}

/** False where the client left the epoch out, as it does when it has to connect again: such an answer proves nothing. */
export function wasAsked({ epoch }: Cursor, request?: ReturnType<typeof requestOf>): boolean {
  return request?.lastFetchedEpoch === epoch
}
