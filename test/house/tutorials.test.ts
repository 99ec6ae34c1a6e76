import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { errorsOf } from './compile.ts'
import { blocksOf, pagesOf } from './markdown.ts'
import type { Block } from './markdown.ts'

/** Where a block would be saved by who follows the page. One that tests `./module.ts` lies beside the block before it. */
function placeOf({ page, line, code }: Block, before: string | undefined): string {
  const folder = dirname(page)
  if (before && /from '\.\/(module|filter)\.ts'/.test(code))
    return before.replace('.ts', '.test.ts')
  if (folder === 'science-modules') return join(folder, `line_${line}`, 'module.ts')
  if (folder === 'filters') return join(folder, `line_${line}`, 'filter.ts')
  return join(folder, `line_${line}.ts`)
}

function filesOf(page: string): [string, string][] {
  const files: [string, string][] = []
  for (const block of blocksOf(page)) {
    if (!/^(ts|typescript)\b/.test(block.language)) continue
    files.push([placeOf(block, files.at(-1)?.[0]), block.code])
  }
  return files
}

test('an error in a block is found', () => {
  const errors = errorsOf({
    'science-modules/wrong/module.ts': `import { number } from '#contract'\nexport const a = number('mag', 'magnitudes')\n`
  })
  expect(errors).toEqual([
    expect.stringMatching(/^science-modules\/wrong\/module.ts:2 .*magnitudes/)
  ])
})

test('every ts block of every page compiles', () => {
  const files = pagesOf().flatMap(filesOf)
  expect(files.map(([path]) => path)).toContainEqual(expect.stringMatching(/module\.test\.ts$/))
  expect(files.length).toBeGreaterThan(6)
  expect(errorsOf(Object.fromEntries(files))).toEqual([])
})
