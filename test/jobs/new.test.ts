import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { createFolder } from '../../jobs/new/new.ts'
import { temporaryFolder } from '../support/siskin.ts'

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url))
const project = join(temporaryFolder(), 'project')
const read = (path: string) => readFileSync(join(project, path), 'utf8')
const run = (program: string, ...args: string[]) =>
  execFileSync(join(REPOSITORY, 'node_modules/.bin', program), args, {
    cwd: project,
    encoding: 'utf8'
  })

beforeAll(() => {
  for (const name of ['engine', 'science-modules', 'filters', 'test/support', 'test/conformance']) {
    cpSync(join(REPOSITORY, name), join(project, name), { recursive: true, filter: isNeeded })
  }
  for (const name of ['package.json', 'tsconfig.json', 'vitest.config.ts', '.oxfmtrc.json']) {
    cpSync(join(REPOSITORY, name), join(project, name))
  }
  symlinkSync(join(REPOSITORY, 'node_modules'), join(project, 'node_modules'))
})

/** Tests against servers and the tuning of filters want more of the project than a new module does. */
function isNeeded(path: string): boolean {
  return !/conformance\/hdfs[^/]*\.test\.ts$|support\/(ask|guarded-run|kill)\.ts$|filters\/tune[^/]*\.ts$/.test(
    path
  )
}

/** Runs the conformance suite over the new module; what it printed, and whether it passed. */
function conformance(
  update = false,
  suite = 'modules',
  only = ['-t', 'colour_gap']
): { passed: boolean; text: string } {
  const args = ['run', `test/conformance/${suite}.test.ts`, ...only]
  const env = { ...process.env, UPDATE_GOLDEN: update ? '1' : '0', NO_COLOR: '1' }
  const { status, stdout, stderr } = spawnSync(join(REPOSITORY, 'node_modules/.bin/vitest'), args, {
    cwd: project,
    env,
    encoding: 'utf8'
  })
  return { passed: status === 0, text: stdout + stderr }
}

function change(path: string, from: string, to: string): void {
  expect(read(path)).toContain(from)
  writeFileSync(join(project, path), read(path).replace(from, to))
}

describe('siskin new', () => {
  test('module: a folder without placeholders, registered', async () => {
    const next = await createFolder('module', 'colour_gap', project, '@ana')
    expect(next).toMatch(/science-modules\/colour_gap is written and registered/)
    expect(next).not.toMatch(/@your-name/)
    const module = read('science-modules/colour_gap/module.ts')
    expect(module).toMatch("name: 'colour_gap'")
    expect(module).toMatch("owner: '@ana'")
    expect(read('science-modules/colour_gap/README.md')).toMatch(/^# colour_gap\n/)
    const registry = read('science-modules/registry.ts')
    expect(registry).toMatch("import colourGap from './colour_gap/module.ts'\n")
    expect(registry).toMatch(/colourGap\n?\]/)
  })

  test('filter: topic with hyphens; a word of the language gets another variable', async () => {
    const next = await createFolder('filter', 'red_giants', project)
    expect(next).toMatch(/Put your name in place of @your-name/)
    expect(read('filters/red_giants/filter.ts')).toMatch("topic: 'red-giants'")
    await createFolder('filter', 'class', project, '@ana')
    expect(read('filters/registry.ts')).toMatch("import classFilter from './class/filter.ts'\n")
  })

  test('what it wrote type-checks, is formatted, and passes its own tests', () => {
    run('oxfmt', '--check', 'science-modules', 'filters')
    run('tsc', '-p', '.')
    const own = ['science-modules/colour_gap', 'filters/red_giants', 'filters/class']
    expect(run('vitest', 'run', ...own)).toMatch(/5 passed/)
  })

  test.each([
    ['Colour', /use lower-case letters/],
    ['1st', /a letter first/],
    ['colour-gap', /use lower-case/],
    ['a__b', /single underscores/],
    ['../escape', /use lower-case/],
    ['flux', /the alert table has a column of that name/],
    ['ztf', /the alert table has a column of that name/],
    ['quality', /science-modules\/quality exists/],
    ['x'.repeat(41), /at most 40/]
  ])('refuses %s', async (name, message) => {
    await expect(createFolder('module', name, project)).rejects.toThrow(message)
    expect(existsSync(join(project, 'escape'))).toBe(false)
  })
})

describe('the conformance suite, over that module', () => {
  const MODULE = 'science-modules/colour_gap/module.ts'

  test('asks for a golden file, writes it, and is content', () => {
    expect(conformance().text).toMatch(/colour_gap has no golden file: run UPDATE_GOLDEN=1/)
    expect(conformance(true).passed).toBe(true)
    expect(conformance().passed).toBe(true)
  })

  test('another answer needs another version, in the README too', () => {
    change(MODULE, 'flux.at(row)[peak] ?? null', '(flux.at(row)[peak] ?? 0) * 2')
    const { passed, text } = conformance(true)
    expect(passed).toBe(false)
    expect(text).toMatch(/colour_gap answers differently in [^]*peak_flux[^]*bump the version/)
    change(MODULE, "version: '1.0.0'", "version: '1.1.0'")
    expect(conformance(true).text).toMatch(/Versions in README\.md/)
    change('science-modules/colour_gap/README.md', '- 1.0.0', '- 1.1.0: twice as much.\n- 1.0.0')
    expect(conformance(true).passed).toBe(true)
  })

  test('finds a need that is not used, a look at the neighbour, and a write into the inputs', () => {
    change(MODULE, 'requires: {', "requires: {\n    ra: number('ra', 'deg'),")
    change(MODULE, 'const peakTime = ', 'time.at(row)[0] = 0\n      const peakTime = ')
    change(MODULE, 'const mjd = now.at(row)', 'const mjd = now.at(row === 0 ? 0 : row - 1)')
    const { text } = conformance()
    expect(text).toMatch(/noise in "ra" changes nothing colour_gap says: take it out of requires/)
    expect(text).toMatch(/it wrote into a column it reads/)
    expect(text).toMatch(/since_peak in another order|since_peak of two batches/)
  })

  test('finds a NaN, and an output that is not declared', () => {
    change(
      MODULE,
      'return { peak_flux, since_peak, status }',
      'return { peak_flux, since_peak: since_peak.map(() => Number.NaN), other: [], status }'
    )
    const { text } = conformance()
    const who = /module colour_gap \(@ana\): /.source
    const undeclared = new RegExp(`${who}it returns .other., which .produces. does not declare`)
    expect(text).toMatch(undeclared)
    change(MODULE, ', other: []', '')
    const nan = conformance().text
    expect(nan).toMatch(
      new RegExp(
        `${who}colour_gap.since_peak is no finite number: [^]*failed:nan; first: alert \\d+, NaN`
      )
    )
    expect(nan).not.toMatch(/changes nothing|rows that the engine failed/)
    change(MODULE, 'since_peak.map(() => Number.NaN)', "since_peak.map(() => 'late')")
    const type = conformance().text
    expect(type).toMatch(/since_peak is declared float64, and is given a string; [^]*'late'/)
    expect(type).not.toMatch(/changes nothing/)
    change(MODULE, "since_peak: since_peak.map(() => 'late')", 'since_peak')
  })
})

describe('the conformance suite, over a contribution that is broken', () => {
  const MODULE = 'science-modules/colour_gap/module.ts'
  const RUN = 'run({ rows, columns: { now, time, flux, detected } }) {'
  const FILTER = 'filters/red_giants/filter.ts'

  /** Breaks a file for as long as `judge` looks. */
  function broken<T>(path: string, from: string, to: string, judge: () => T): T {
    const whole = read(path)
    change(path, from, to)
    try {
      return judge()
    } finally {
      writeFileSync(join(project, path), whole)
    }
  }

  /** What does not end keeps a processor busy until it is stopped. */
  function impatient<T>(judge: () => T): T {
    return broken('test/conformance/in-time.ts', 'MOST_MS = 10_000', 'MOST_MS = 3_000', judge)
  }

  test('an exception is shown with its file and line, and the other modules are judged', () => {
    const broke = `${RUN}\n    throw new Error('no such star')`
    broken(MODULE, RUN, broke, () => {
      const { text } = conformance(false, 'modules', ['-t', 'golden'])
      expect(text).toMatch(
        /module colour_gap \(@ana\) threw: no such star \(science-modules\/colour_gap\/module\.ts:\d+\)/
      )
      const line = read(MODULE)
        .split('\n')
        .findIndex((text) => text.includes('no such star'))
      expect(text).toMatch(new RegExp(`science-modules/colour_gap/module\\.ts:${line + 1}:`))
      expect(text).toMatch(/1 failed/)
      expect(text).toMatch(/ 1[2-9] passed/)
    })
  })

  test.each([
    ['at once', `${RUN}\n    for (let i = 0; i >= 0; ) i += 1`],
    ['after an await', `async ${RUN}\n    await null\n    for (let i = 0; i >= 0; ) i += 1`]
  ])('a loop that never ends is stopped and named: %s', (_, endless) => {
    broken(MODULE, RUN, endless, () => {
      const { text } = impatient(() => conformance())
      expect(text).toMatch(
        /module colour_gap does not end: it was stopped after 3 s; is there a loop that never ends/
      )
      expect(text).toMatch(/1 failed/)
    })
  })

  test.each(['Date.now()', 'performance.now()', 'Math.random()'])('it uses %s', (source) => {
    broken(MODULE, 'flux.at(row)[peak] ??', `${source} ??`, () => {
      const { text } = conformance()
      expect(text).toMatch(
        new RegExp(
          `${source.replace(/[.()]/g, '.')} in a module or filter: [^]*colour_gap/module\\.ts:\\d+`
        )
      )
      expect(text).not.toMatch(/bump the version/)
    })
  })

  test('a module that cannot be loaded is named, and the others are judged', () => {
    broken(MODULE, "version: '", "version: 'v", () => {
      const { text } = conformance(false, 'modules', ['-t', 'golden|loaded'])
      expect(text).toMatch(/module colour_gap: version "v[\d.]+" is not semantic/)
      expect(text).toMatch(/ 1[2-9] passed/)
    })
  })

  test('a module that needs what nothing makes is named, and the others are judged', () => {
    broken(MODULE, 'requires: {', "requires: {\n    x: number('flx', 'nJy'),", () => {
      const { text } = conformance(false, 'modules', ['-t', 'golden|loaded'])
      expect(text).toMatch(/module colour_gap needs column "flx", which nothing makes/)
      expect(text).toMatch(/ 1[2-9] passed/)
    })
  })

  test('a filter that never ends, and one that throws', () => {
    const head = '(row) => {'
    const only = ['-t', 'red_giants']
    broken(FILTER, head, `${head}\n    for (let i = 0; i >= 0; ) i += 1`, () => {
      const { text } = impatient(() => conformance(false, 'filters', only))
      expect(text).toMatch(/filter red_giants does not end: it was stopped after 3 s/)
    })
    broken(FILTER, head, `${head}\n    throw new Error('no such star')`, () => {
      const { text } = conformance(false, 'filters', only)
      expect(text).toMatch(
        /filter red_giants \(@your-name\) threw: no such star \(filters\/red_giants\/filter\.ts:\d+\)/
      )
    })
  })
})
