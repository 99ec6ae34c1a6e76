/**
 * Does the work for all items, some at a time, begun in their order. After a failure nothing more is
 * begun; it is thrown when what had begun is over, so that nothing goes on behind the caller's back.
 */
export async function atOnce<T>(
  items: readonly T[],
  most: number,
  work: (item: T) => Promise<void>
): Promise<void> {
  let next = 0
  let failed = false
  const line = async () => {
    while (!failed && next < items.length) {
      try {
        await work(items[next++]!)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const lines = Array.from({ length: Math.min(most, items.length) }, line)
  const ended = await Promise.allSettled(lines)
  const failure = ended.find((line) => line.status === 'rejected')
  if (failure) throw failure.reason
}
