import { expect, test } from 'vitest'
import { defineFilter, defineModule, float64 } from '#contract'

const about = { version: '1.0.0', about: 'x', owner: '@x', requires: {} }

test.each([
  ['name', 'a', 101],
  ['topic', 'a', 249],
  ['version', '1.0.0-a', 300]
])(
  'a filter whose %s would be too long for a folder is refused where it is declared',
  (key, begin, length) => {
    const filter = { ...about, name: 'bright', topic: 'bright', uses: {}, keep: () => () => true }
    const long = { ...filter, [key]: begin.padEnd(length, 'a') }
    expect(() => defineFilter(long)).toThrow(
      `its ${key} is ${length} letters long, at most 100 are`
    )
    expect(defineFilter({ ...filter, [key]: begin.padEnd(100, 'a') })[key as 'name']).toHaveLength(
      100
    )
  }
)

test('and so is a module', () => {
  const produces = { half: float64('nJy', 'Half of it.', 'phot.flux') }
  const module = { ...about, produces, run: () => ({ half: [] }) }
  expect(() => defineModule({ ...module, name: 'm'.repeat(300) })).toThrow('at most 100')
})
