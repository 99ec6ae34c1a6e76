import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Module } from '#contract'
import { digest } from './batch.ts'
import type { Outputs } from './batch.ts'

const FOLDER = fileURLToPath(new URL('./golden/', import.meta.url))
const HOW = 'UPDATE_GOLDEN=1 npx vitest run test/conformance/modules.test.ts'

/** What a module answered when its golden file was written. */
interface Golden {
  readonly version: string
  /** Of the golden alerts: with others, the same version may answer otherwise. */
  readonly inputs: string
  readonly outputs: string
  /** Of each column: values that are not null, and their hash. */
  readonly columns: Readonly<Record<string, string>>
}

/**
 * Holds a module's answers against its golden file. With UPDATE_GOLDEN=1 the file is written anew,
 * except when the answers changed and the version did not.
 * @throws Error that says what changed and what to do.
 */
export function compareGolden(
  { name, version }: Module,
  inputs: string,
  answers: Readonly<Record<string, Outputs>>
): void {
  const path = `${FOLDER}${name}.json`
  const now: Golden = { version, inputs, outputs: digest(answers), columns: columnsOf(answers) }
  const before = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Golden) : null
  if (
    before &&
    before.outputs !== now.outputs &&
    before.inputs === inputs &&
    before.version === version
  ) {
    throw new Error(
      `module ${name} answers differently in ${changes(before, now)}, but is still version ${version}: bump the version in science-modules/${name}/module.ts, say in its README what changed, then run ${HOW}`
    )
  }
  if (process.env['UPDATE_GOLDEN'] === '1') {
    mkdirSync(FOLDER, { recursive: true })
    writeFileSync(path, `${JSON.stringify(now, null, 2)}\n`)
    return
  }
  if (!before) throw new Error(`module ${name} has no golden file: run ${HOW}, and commit it`)
  if (before.version !== version || before.inputs !== inputs || before.outputs !== now.outputs) {
    throw new Error(
      `the golden file of ${name} is of version ${before.version}${before.inputs === inputs ? '' : ' and of other golden alerts'}: run ${HOW}, and commit it`
    )
  }
}

function columnsOf(answers: Readonly<Record<string, Outputs>>): Record<string, string> {
  const columns: Record<string, string> = {}
  for (const [survey, outputs] of Object.entries(answers)) {
    for (const [column, values] of Object.entries(outputs)) {
      const spoken = values.filter((value) => value !== null).length
      columns[`${survey} ${column}`] = `${spoken} ${digest(values).slice(0, 8)}`
    }
  }
  return columns
}

function changes(before: Golden, now: Golden): string {
  const names = new Set([...Object.keys(before.columns), ...Object.keys(now.columns)])
  const changed = [...names].filter((name) => before.columns[name] !== now.columns[name])
  const more = changed.length > 5 ? ` and ${changed.length - 5} more` : ''
  return `${changed.slice(0, 5).join(', ')}${more}`
}
