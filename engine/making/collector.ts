import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * V8 marks its heap anew for every 64 MiB of buffers that went by, which is a third of a stream member's time at full speed,
 * and a twelfth of a run's. So the limit grows with the memory in use. For the whole process, from now on.
 */
export function collectLessOften(): void {
  setFlagsFromString('--external-memory-accounted-in-global-limit')
}

/** Fewer are never looked at; and then only when so many more have come since. */
const LEAST_BUFFERS = 256 * 1024 * 1024
const STEP = 96 * 1024 * 1024

let collect: (() => void) | null = null
/** What was in use when it was looked at last. */
let used = 0

/**
 * To be called where buffers come and go, in a thread whose heap is small: with the limit that grows, V8 lets hundreds of MiB
 * of those that nobody looks at any more lie. They are given back here, when they are that many.
 */
export function collectBuffers(): void {
  const { arrayBuffers } = process.memoryUsage()
  used = Math.min(used, arrayBuffers)
  if (arrayBuffers < Math.max(LEAST_BUFFERS, used + STEP)) return
  collect ??= exposed()
  collect()
  used = process.memoryUsage().arrayBuffers
}

/** V8's own, which a new context alone is given once the flag is set. */
function exposed(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}
