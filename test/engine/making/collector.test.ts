import { expect, test } from 'vitest'
import { collectBuffers, collectLessOften } from '../../../engine/making/collector.ts'

const MIB = 1024 * 1024
const buffers = () => process.memoryUsage().arrayBuffers

test('buffers that were let go are given back when they are many', async () => {
  collectLessOften()
  const before = buffers()
  let held = Array.from({ length: 8 }, () => Buffer.alloc(64 * MIB))
  expect(buffers() - before).toBeGreaterThan(500 * MIB)
  held = held.slice(0, 1)
  collectBuffers()
  // V8 sweeps buffers in a thread of its own, which may come a moment after the call.
  await expect.poll(() => buffers() - before, { timeout: 10_000 }).toBeLessThan(192 * MIB)
  expect(held).toHaveLength(1)
})
