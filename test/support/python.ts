import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** How to run a Python that has the packages that were asked for. */
export interface Python {
  /** Folder that is on its path besides, with the packages and, below `bin`, their commands. */
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
}

const PYTHON = 'python3'

/**
 * A Python with packages from PyPI: installed the first time, into a cache outside the checkout whose
 * name follows from the packages and Python's version. A plain folder does where a virtual environment
 * would: some systems cannot make one. Text: why there is none.
 */
export function pythonWith(packages: readonly string[]): Python | string {
  const version = spawnSync(PYTHON, ['--version'], { encoding: 'utf8' })
  if (version.status !== 0) return 'no Python'
  const name = createHash('sha256')
    .update([version.stdout.trim(), ...packages].join('\n'))
    .digest('hex')
    .slice(0, 12)
  const cache = process.env['SISKIN_PYTHON_CACHE'] ?? join(homedir(), '.cache/siskin/python')
  const folder = join(cache, name)
  if (!existsSync(join(folder, 'ready'))) {
    const why = install(cache, folder, packages)
    if (why !== null) return why
  }
  return { folder, env: { PYTHONPATH: folder, PIP_DISABLE_PIP_VERSION_CHECK: '1' } }
}

/** Null if the packages are in `folder`. */
function install(cache: string, folder: string, packages: readonly string[]): string | null {
  mkdirSync(cache, { recursive: true })
  const fresh = mkdtempSync(join(cache, 'installing-'))
  const args = ['-m', 'pip', 'install', '--quiet', '--target', fresh, ...packages]
  const { status, stderr } = spawnSync(PYTHON, args, { encoding: 'utf8' })
  if (status !== 0) {
    rmSync(fresh, { recursive: true, force: true })
    const reason = stderr.trim().split('\n').at(-1) ?? ''
    return `pip could not install ${packages.join(', ')} (${reason})`
  }
  writeFileSync(join(fresh, 'ready'), packages.join('\n'))
  try {
    renameSync(fresh, folder)
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true })
    if (!existsSync(join(folder, 'ready'))) throw error // else another process was quicker
  }
  return null
}

/** Runs Python with its packages. */
export function runPython(
  python: Python,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {}
): { code: number | null; stdout: string; stderr: string } {
  const options = { encoding: 'utf8', env: { ...process.env, ...python.env, ...env } } as const
  const { status, stdout, stderr } = spawnSync(PYTHON, args, options)
  return { code: status, stdout, stderr }
}
