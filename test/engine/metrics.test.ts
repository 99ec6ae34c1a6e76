import { expect, test } from 'vitest'
import { Family } from '../../engine/metrics/family.ts'
import { expose } from '../../engine/metrics/server.ts'
import { emptyHistogram, observe } from '../../engine/metrics/histogram.ts'
import { parsePrometheus, sumOf } from '../support/prometheus.ts'

const counter = {
  name: 'things_total',
  type: 'counter',
  labels: ['kind', 'place'],
  about: 'A\\B\nC'
}
const histogram = { name: 'wait_seconds', type: 'histogram', labels: ['topic'], about: 'Waits' }

test('labels of every kind come back as they were', () => {
  const family = new Family({ ...counter, type: 'counter' })
  const names = ['plain', 'a "quoted" one', 'back\\slash', 'two\nlines', 'a,b={c}', '½ µ', '']
  for (const [i, name] of names.entries()) family.add(i, name, 'here')
  const text = expose([family])
  expect(text).toContain('# HELP things_total A\\\\B\\nC\n')
  const { samples } = parsePrometheus(text).get('things_total')!
  expect(samples.map(({ labels, value }) => [labels['kind'], value])).toEqual(
    names.map((name, i) => [name, i])
  )
})

test('series that differ in where their labels part are two', () => {
  const family = new Family({ ...counter, type: 'counter' })
  family.add(1, 'a\nb', 'c')
  family.add(2, 'a', 'b\nc')
  expect(parsePrometheus(expose([family])).get('things_total')!.samples).toHaveLength(2)
})

test('a histogram counts what is up to each bound, and adds up what others counted', () => {
  const bounds = [0, 1, 10]
  const family = new Family({ ...histogram, type: 'histogram', bounds })
  const spread = emptyHistogram(bounds)
  for (const value of [0, 1, 1.5, 10, 11, 1e9]) observe(spread, bounds, value)
  family.merge(spread, 't')
  family.observe(0.5, 't')
  const { samples } = parsePrometheus(expose([family])).get('wait_seconds')!
  const buckets = samples.filter(({ name }) => name === 'wait_seconds_bucket')
  expect(buckets.map(({ labels, value }) => [labels['le'], value])).toEqual([
    ['0', 1],
    ['1', 3],
    ['10', 5],
    ['+Inf', 7]
  ])
  expect(samples.at(-2)).toMatchObject({ name: 'wait_seconds_sum', value: 1e9 + 24 })
  expect(samples.at(-1)).toMatchObject({ name: 'wait_seconds_count', value: 7 })
})

test('what is forgotten is gone, the rest stays', () => {
  const family = new Family({ ...counter, type: 'counter' })
  family.add(1, 'a', 'x')
  family.add(2, 'b', 'x')
  family.add(4, 'a', 'y')
  family.forget('kind', 'a')
  family.forget('no such label', 'x')
  expect(sumOf(parsePrometheus(expose([family])), 'things_total')).toBe(2)
})
