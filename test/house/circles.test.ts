import { globSync } from 'node:fs'
import { dirname } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT, allImports, circles } from './imports.ts'

/**
 * Who imports whom. What runs must have no circle. A circle that only `import type` closes is gone when
 * the program runs: it is allowed within a folder of `engine/` and `jobs/`, where two files may be one idea.
 */

const TREES = ['engine', 'jobs', 'simulator']
const MOST_FILES = 20

const all = allImports().filter(({ from }) => !from.endsWith('.test.ts'))
const inside = all.filter(({ from, to }) =>
  TREES.some((tree) => from.startsWith(`${tree}/`) && to.startsWith(`${tree}/`))
)
const folders = inside
  .map(({ from, to }) => ({ from: dirname(from), to: dirname(to) }))
  .filter(({ from, to }) => from !== to && !TREES.includes(from) && !TREES.includes(to))

test('a circle is found where there is one', () => {
  const edges = ['ab', 'bc', 'ca', 'cd', 'dd', 'ef'].map(([from = '', to = '']) => ({ from, to }))
  expect(circles(edges)).toEqual([['a', 'b', 'c'], ['d']])
  expect(inside.length).toBeGreaterThan(1000)
  expect(new Set(inside.map(({ kind }) => kind))).toEqual(new Set(['value', 'type', 'later']))
})

test('nothing that runs imports itself by way of others', () => {
  expect(circles(inside.filter(({ kind }) => kind !== 'type'))).toEqual([])
})

test('what types alone tie into a circle lies in one folder; in the simulator nothing does', () => {
  const tied = circles(inside).filter(
    (files) => new Set(files.map((file) => dirname(file))).size > 1 || isSimulator(files[0])
  )
  expect(tied).toEqual([])
})

test('folders do not need each other', () => {
  expect(circles(folders)).toEqual([])
})

test('modules and filters load nothing while they run', () => {
  const own = all.filter(({ from }) =>
    /^(science-modules|filters)\/[^/]+\/|^filters\/blocks/.test(from)
  )
  expect(own.length).toBeGreaterThan(20)
  expect(own.filter(({ kind }) => kind === 'later')).toEqual([])
})

test(`no folder has more than ${MOST_FILES} files`, () => {
  const counts = new Map<string, number>()
  for (const file of globSync('{engine,simulator,jobs}/**/*.ts', { cwd: ROOT })) {
    counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1)
  }
  const large = [...counts].filter(([, count]) => count > MOST_FILES)
  expect(counts.size).toBeGreaterThan(50)
  expect(large).toEqual([])
})

function isSimulator(path: string | undefined): boolean {
  return path?.startsWith('simulator') ?? false
}
