import type { Consumer } from '@platformatic/kafka'

type Fetched = Awaited<ReturnType<Consumer['fetch']>>

/** What a fetch brings of a partition. */
export type FetchedPartition = Fetched['responses'][number]['partitions'][number]

export type RecordBatch = NonNullable<FetchedPartition['records']>[number]

const TRANSACTIONAL = 0b1_0000
const CONTROL = 0b10_0000
const ABORT = 0

/**
 * The batches of a fetch without markers and without those of aborted transactions. The broker lists
 * the aborted transactions of what it sends, from the first message of each; one lasts to the next
 * abort marker of its producer, which may lie in a later fetch.
 */
export function committedBatches({
  records,
  abortedTransactions
}: FetchedPartition): RecordBatch[] {
  const begun = (abortedTransactions ?? []).toSorted((a, b) =>
    Number(a.firstOffset - b.firstOffset)
  )
  const aborting = new Set<bigint>()
  const committed: RecordBatch[] = []
  let at = 0
  for (const batch of records ?? []) {
    const last = batch.firstOffset + BigInt(batch.lastOffsetDelta)
    for (; at < begun.length && begun[at]!.firstOffset <= last; at++) {
      aborting.add(begun[at]!.producerId)
    }
    if ((batch.attributes & CONTROL) !== 0) {
      if (markerOf(batch) === ABORT) aborting.delete(batch.producerId)
    } else if ((batch.attributes & TRANSACTIONAL) === 0 || !aborting.has(batch.producerId)) {
      committed.push(batch)
    }
  }
  return committed
}

/** A marker's key is its version and its kind, two bytes each. */
function markerOf({ records }: RecordBatch): number | null {
  const key = records[0]?.key
  return key && key.length >= 4 ? key.readInt16BE(2) : null
}
