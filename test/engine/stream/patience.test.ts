import { expect, test } from 'vitest'
import { judgedAfterMs } from '../../../engine/making/hang-watch.ts'
import { OTHER_WORK_MS } from '../../../engine/making/part-maker.ts'
import { patienceMs } from '../../../engine/stream/supervisor/worker-slot.ts'

const range = { source: 'live-0', first: 0, last: 9 }

test('a member with a part in work is not killed before its own watch has judged that part', () => {
  const heard = performance.now()
  const judged = judgedAfterMs(OTHER_WORK_MS)
  expect(judged).toBeGreaterThan(10 * 90_000) // ten budgets of a minute, each with its margin
  expect(patienceMs({ range, heard }, 300)).toBe(judged)
  expect(patienceMs({ range, heard }, 3600)).toBe(3_600_000)
})

test('nothing in work, or a member that is silent itself: by the clock alone', () => {
  const heard = performance.now()
  expect(patienceMs({ range: null, heard }, 300)).toBe(300_000)
  expect(patienceMs({ range, heard: heard - 20_000 }, 300)).toBe(300_000)
})
