import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../support/siskin.ts'

const PROGRAM = fileURLToPath(new URL('../../filters/tune.ts', import.meta.url))
const folder = temporaryFolder()

// It ends with an error where a topic holds other alerts than the same rule in SQL picks.
test.each([
  ['ztf', '0.004'],
  ['lsst', '0.00002']
])('the numbers of the filters can be judged: %s', (survey, scale) => {
  const args = ['--survey', survey, '--nights', '2', '--scale', scale, '--inject', 'kilonova:5']
  const told = execFileSync(
    process.execPath,
    [PROGRAM, ...args, '--leave-out', '', '--no-tries', '--folder', join(folder, survey)],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }
  )
  expect(told).toMatch(/^\S+ 11 2026-01-10 2 .*: [\d]+ alerts$/m)
  expect(told.match(/^ +2\.\d\.0 /gm)).toHaveLength(6)
  expect(told).toMatch(/\d+\.\d ± \d+\.\d % of \d+/)
})
