import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CommanderError } from 'commander'
import type { Command } from 'commander'
import { expect, test } from 'vitest'
import { UsageError } from '../../engine/errors.ts'
import { buildProgram } from '../../jobs/program.ts'
import { ROOT } from './imports.ts'
import { blocksOf, inlineOf, pagesOf } from './markdown.ts'
import { commandsOf, siskinCalls } from './shell.ts'

/** What the real command table says against a call, which is not run; null where nothing. */
async function refusal(args: readonly string[]): Promise<string | null> {
  const program = await buildProgram(args)
  withoutRunning(program)
  try {
    await program.parseAsync(args, { from: 'user' })
    return null
  } catch (error) {
    // files of the pages' machines are not here
    if (error instanceof UsageError)
      return error.message.endsWith(' no such file') ? null : error.message
    if (!(error instanceof CommanderError)) throw error
    return ['commander.help', 'commander.helpDisplayed', 'commander.version'].includes(error.code)
      ? null
      : error.message
  }
}

/** The text names commands with `N` and `<id>` for values: here only the names of command and options must exist. */
async function unknownName(args: readonly string[]): Promise<string | null> {
  const names = args.filter((word) => /^[a-z-]/.test(word))
  if (names.length === 0) return null
  let command = await buildProgram(names)
  for (const [at, name] of names.entries()) {
    const child = command.commands.find((one) => one.name() === name)
    if (child) command = child
    else if (at === 0 && !name.startsWith('-')) return `no command ${name}`
  }
  const options = new Set(['--help', '--version', ...command.options.map(({ long }) => long)])
  const unknown = names.filter((name) => name.startsWith('--') && !options.has(name.split('=')[0]))
  return unknown.length === 0 ? null : `${command.name()} has no ${unknown.join(', ')}`
}

function withoutRunning(command: Command): void {
  command.exitOverride().configureOutput({ writeOut: () => {}, writeErr: () => {} })
  if (command.commands.length === 0) command.action(() => {})
  for (const child of command.commands) withoutRunning(child)
}

async function refusedOf(page: string): Promise<string[]> {
  const refused: string[] = []
  for (const { line, language, code } of blocksOf(page)) {
    if (!/^(sh|bash|shell|console|)$/.test(language)) continue
    for (const args of siskinCalls(code)) {
      const error = await refusal(args)
      if (error) refused.push(`${page}:${line} siskin ${args.join(' ')}: ${error}`)
    }
  }
  for (const code of inlineOf(page)) {
    for (const args of siskinCalls(code)) {
      const error = await unknownName(args)
      if (error) refused.push(`${page} \`${code}\`: ${error}`)
    }
  }
  return refused
}

test('a command that does not exist, an option or a value that is wrong, is found', async () => {
  expect(siskinCalls(`A=b npx siskin run 'a b' --lake l # why\nls | siskin verify`)).toEqual([
    ['run', 'a b', '--lake', 'l'],
    ['verify']
  ])
  expect(await refusal(['run', 'x', '--lake', 'l'])).toBeNull()
  expect(await refusal(['runn'])).toMatch(/unknown command/)
  expect(await refusal(['run', 'x', '--lak', 'l'])).toMatch(/unknown option '--lak'/)
  expect(await refusal(['simulate', '--survey', 'tess'])).toMatch(/Allowed choices/)
  expect(await unknownName(['new', 'module', '--lake'])).toBe('module has no --lake')
  expect(await unknownName(['runs', '--lake'])).toBe('no command runs')
  expect(await unknownName(['run', 'x', '--lake', 'N'])).toBeNull()
})

test('every siskin command on every page would be understood', async () => {
  const pages = pagesOf()
  const calls = pages.flatMap((page) => blocksOf(page).flatMap(({ code }) => siskinCalls(code)))
  expect(calls.length).toBeGreaterThan(45)
  const refused = []
  for (const page of pages) refused.push(...(await refusedOf(page)))
  expect(refused).toEqual([])
})

test('every npm script on every page exists', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  const named = pagesOf().flatMap((page) =>
    [...blocksOf(page).map(({ code }) => code), ...inlineOf(page)]
      .flatMap(commandsOf)
      .filter(([first, second]) => first === 'npm' && second === 'run')
      .map(([, , ...rest]) => rest.find((word) => !word.startsWith('-')) ?? '')
  )
  expect(named.length).toBeGreaterThan(5)
  expect(named.filter((name) => !(name in scripts))).toEqual([])
})
