import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../support/siskin.ts'
import { CIRCLE, IMPORTS, IMPURE } from './layers.ts'

/** One run of the linter over a scratch tree in which every file breaks one rule of the layers, or none. */

const root = fileURLToPath(new URL('../../', import.meta.url))
const scratch = temporaryFolder()

interface Case {
  readonly file: string
  readonly code: string
  readonly refused: RegExp | null
}

function importsOf({ layer, refused, allowed, message }: (typeof IMPORTS)[number]): Case[] {
  const file = (at: number): string => layer.replace('*', `case_${at}`)
  const forms = (from: string): string[] => [
    `import { a } from '${from}'\nexport const b = a\n`,
    `import type { a } from '${from}'\nexport type B = a\n`,
    `export * from '${from}'\n`
  ]
  const bad = refused.flatMap((from) => forms(from).map((code) => ({ code, refused: message })))
  const good = allowed.flatMap((from) => forms(from).map((code) => ({ code, refused: null })))
  return [...bad, ...good].map((one, at) => ({ file: file(at), ...one }))
}

const pure: Case[] = ['science-modules/mine', 'filters/mine'].flatMap((folder) =>
  IMPURE.map((code, at) => ({
    file: `${folder}/impure_${at}.ts`,
    code: `export const a = () => ${code}\n`,
    refused: /functions of the batch|no-eval|no-new-func/
  }))
)

/** The one layer that is a single file: all at once. */
const blocks: Case = {
  file: 'filters/blocks.ts',
  code: `import { a } from 'node:fs'\nexport const b = () => [a, fetch('x'), Math.random()]\n`,
  refused: /A block imports[^]*no clock, no chance[^]*no chance\./
}

const tests: Case[] = ['science-modules/mine', 'filters/mine'].map((folder) => ({
  file: `${folder}/mine.test.ts`,
  code: `import { tmpdir } from 'node:os'\nexport const a = [tmpdir(), Date.now(), process.pid]\n`,
  refused: null
}))

const circle: Case[] = CIRCLE.map((code, at) => ({
  file: `jobs/circle-${at}.ts`,
  code,
  refused: /Dependency cycle/
}))

const cases = [...IMPORTS.flatMap(importsOf), ...pure, blocks, ...tests, ...circle]

interface Diagnostic {
  readonly filename: string
  readonly message: string
  readonly code: string
  readonly help?: string
}

/** What the linter says of each scratch file, by the configuration of this repository. */
function lint(): Map<string, string> {
  cpSync(join(root, '.oxlintrc.json'), join(scratch, '.oxlintrc.json'))
  for (const { file, code } of cases) {
    mkdirSync(dirname(join(scratch, file)), { recursive: true })
    writeFileSync(join(scratch, file), code)
  }
  const oxlint = join(root, 'node_modules/oxlint/bin/oxlint')
  const run = spawnSync(process.execPath, [oxlint, '--format', 'json'], {
    cwd: scratch,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024
  })
  const { diagnostics } = JSON.parse(run.stdout) as { diagnostics: Diagnostic[] }
  const said = new Map<string, string>()
  for (const { filename, code, message, help } of diagnostics) {
    said.set(filename, `${said.get(filename) ?? ''}${code}: ${message} ${help ?? ''}\n`)
  }
  return said
}

const said = lint()

test('what breaks a layer is refused, with the reason', () => {
  const passed = cases
    .filter(({ file, refused }) => refused && !refused.test(said.get(file) ?? ''))
    .map(({ file, code }) => `${file}: ${code.split('\n')[0]}`)
  expect(cases.filter(({ refused }) => refused).length).toBeGreaterThan(300)
  expect(passed).toEqual([])
})

test('what a layer may do is not refused', () => {
  const refused = cases
    .filter(({ refused }) => !refused)
    .map(({ file }) => [file, said.get(file) ?? ''] as const)
    .filter(([, text]) => /restricted|cycle|no-eval|no-new-func/.test(text))
  expect(refused).toEqual([])
})

test('no rule of layers is without a case here', () => {
  const config = JSON.parse(readFileSync(join(root, '.oxlintrc.json'), 'utf8')) as {
    overrides: { files: string[]; rules: Record<string, unknown> }[]
  }
  const tried = new Set([...IMPORTS.map(({ rule }) => rule), blocks.file])
  const rules = config.overrides
    .filter(({ rules: own }) => 'no-restricted-imports' in own)
    .flatMap(({ files }) => files)
  expect(rules.filter((rule) => !tried.has(rule))).toEqual([])
})
