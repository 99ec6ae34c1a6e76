import { amount } from '../amount.ts'
import type { CommittedReader, PartitionSpan } from '../kafka/committed-reader.ts'
import type { PartSpan } from './expected.ts'

/** Bytes of messages that are read to count them; behind these, every offset counts. */
const COUNTED_BYTES = 64 * 1024 * 1024

/** Messages from an offset on that are committed: markers and what was aborted wait for nobody. */
export async function countWaiting(
  reader: CommittedReader,
  { topic, partition, first, stableEnd }: PartitionSpan,
  from: number
): Promise<number> {
  let count = 0
  let bytes = 0
  const offset = Math.max(from, first)
  for await (const { messages, next } of reader.read([
    { topic, partition, offset, end: stableEnd }
  ])) {
    count += messages.length
    bytes += messages.reduce((sum, { value }) => sum + (value?.length ?? 0), 0)
    if (bytes > COUNTED_BYTES) return count + stableEnd - next
  }
  return count
}

/**
 * Holds what the parts of a source took in against what the input has, message by message: each part
 * as many as Kafka has committed at its offsets. Parts of which Kafka deleted something are left out.
 */
export async function checkInput(
  reader: CommittedReader,
  { topic, partition, first, stableEnd }: PartitionSpan,
  parts: readonly PartSpan[],
  differences: string[]
): Promise<void> {
  const whole = parts.filter((part) => part.first >= first && part.last < stableEnd)
  if (whole.length === 0) return
  const counts = new Uint32Array(whole.length)
  let at = 0
  const end = whole.at(-1)!.last + 1
  for await (const { messages, expired } of reader.read([
    { topic, partition, offset: whole[0]!.first, end }
  ])) {
    if (expired > 0) return // Kafka deletes what we read: there is nothing to hold it against
    for (const { offset } of messages) {
      while (whole[at]!.last < offset) at++
      if (whole[at]!.first <= offset) counts[at]!++
    }
  }
  for (const [i, { first: from, last, messages }] of whole.entries()) {
    if (counts[i] === messages) continue
    differences.push(
      `source ${topic}-${partition}: the part from ${from} to ${last} took in ${amount(messages, 'message')}, Kafka has ${amount(counts[i]!, 'committed message')} there`
    )
  }
}
