import { spawnSync } from 'node:child_process'
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { temporaryFolder } from '../support/siskin.ts'

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url))
const project = join(temporaryFolder(), 'project')

beforeAll(() => {
  for (const name of ['engine', 'jobs', 'science-modules', 'filters', 'package.json']) {
    cpSync(join(REPOSITORY, name), join(project, name), { recursive: true })
  }
  symlinkSync(join(REPOSITORY, 'node_modules'), join(project, 'node_modules'))
})

function siskin(...args: string[]): { status: number | null; stderr: string } {
  const program = join(project, 'jobs/siskin.js')
  return spawnSync(process.execPath, [program, ...args], { cwd: project, encoding: 'utf8' })
}

test.each([
  [
    ['check'],
    'science-modules/rate/pair.ts',
    (text: string) => `${text}\nconst half: number = = 3\n`,
    'Expression expected'
  ],
  [
    ['run', 'night.tar'],
    'filters/fast_riser/filter.ts',
    (text: string) =>
      text.replace("from '#contract'", "from '#contract'\nimport { no } from '#contract'"),
    "does not provide an export named 'no'"
  ],
  [
    ['check', '--json'],
    'filters/blocks.ts',
    (text: string) => `${text}\nconst twice = 1\nconst twice = 2\n`,
    'already been declared'
  ],
  [
    ['check'],
    'filters/fast_riser/filter.ts',
    (text: string) => text.replace(/\n {2}uses: [^\n]*/, ''),
    'filter fast_riser: "uses" is missing'
  ],
  [
    ['backtest', 'fast_riser'],
    'science-modules/quality/cuts.ts',
    (text: string) => `${text}\nthrow new Error('not today')\n`,
    'not today'
  ]
])('%j: a file that cannot be loaded is named with its line', (args, file, spoil, says) => {
  const path = join(project, file)
  const text = readFileSync(path, 'utf8')
  writeFileSync(path, spoil(text))
  const { status, stderr } = siskin(...args)
  writeFileSync(path, text)
  expect(stderr).toMatch(new RegExp(`^siskin: ${file}:\\d+ cannot be loaded: .*${says}`))
  expect([status, stderr]).not.toContain('this is a defect')
  expect(status).toBe(2)
})

test('a filter of one’s own, by its path: the file and the line, of what it imports too', () => {
  const home = join(project, 'mine')
  cpSync(join(project, 'filters/fast_riser'), home, { recursive: true })
  writeFileSync(join(home, 'limits.ts'), '// limits\nexport const a = 1\nexport const a = 2\n')
  writeFileSync(join(home, 'filter.ts'), "import { a } from './limits.ts'\nexport default { a }\n")
  const { status, stderr } = siskin('backtest', './mine', '--lake', 'lake')
  expect(stderr).toMatch(/mine\/filter\.ts: .*already been declared \(\S*mine\/limits\.ts:3\)\n$/)
  expect(status).toBe(2)
})
