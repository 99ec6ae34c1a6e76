import { expect, test } from 'vitest'
import { topicOf } from '../../engine/replay/names.ts'
import { like, steady, unpaced } from '../../engine/replay/rhythm.ts'

test('a steady rate is even, from the first packet on', () => {
  const rhythm = steady(10)
  expect(rhythm.due(0)).toBe(1)
  expect(rhythm.next).toBeCloseTo(0.1)
  expect(rhythm.due(0.35)).toBe(4)
  expect(rhythm.due(60)).toBe(601)
  expect(unpaced().due(0)).toBe(Number.POSITIVE_INFINITY)
})

test('LSST sends a visit of 10,000 every 39 s and bursts of 40,000, 333 alerts a second on average', () => {
  const rhythm = like('lsst', 7)
  expect(rhythm.due(38.9)).toBe(10_000)
  expect(rhythm.next).toBe(39)
  const visits: number[] = []
  let before = 10_000
  for (let visit = 1; visit < 5000; visit++) {
    const due = rhythm.due(visit * 39)
    visits.push(due - before)
    before = due
  }
  expect(new Set(visits)).toEqual(new Set([10_000, 40_000]))
  expect(before / (5000 * 39)).toBeCloseTo(333, -1)
})

test('ZTF sends exposures of a few hundred alerts; which are large follows from the seed alone', () => {
  const nine = 9 * 3600
  const night = like('ztf', 1).due(nine)
  expect(night).toBeGreaterThan(200_000)
  expect(night).toBeLessThan(300_000)
  expect(like('ztf', 1).due(nine)).toBe(night)
  expect(like('ztf', 2).due(nine)).not.toBe(night)
  const asked = like('ztf', 1)
  for (let seconds = 0; seconds < nine; seconds += 7) asked.due(seconds)
  expect(asked.due(nine)).toBe(night)
})

test('topics are named as the surveys do', () => {
  const wire = Buffer.from([0, 0, 0, 3, 232, 1, 2])
  expect(topicOf(wire, 'anything')).toBe('lsst-alerts-v10')
  const container = Buffer.from('Obj\u0001...')
  expect(topicOf(container, 'ztf_public_20260110-1a2b3c4d')).toBe('ztf_20260110_programid1')
  expect(() => topicOf(container, 'night-20260110123')).toThrow('say where it goes with --topic')
})
