import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { TestContext } from 'vitest'

/** How to run the Python of the tests. */
export interface Python {
  /** Folder that is on its path besides, with the packages and, below `bin`, their commands. */
  readonly folder: string
}

interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const PYTHON = 'python3'
/** What a test may take that is the first to ask. */
export const INSTALL_MS = 900_000
/** All that any test asks of Python. fink-client brings most of it; what it leaves open is pinned. */
const PACKAGES = [
  'fink-client==12.3.0',
  'astropy==8.0.2',
  'confluent-kafka==2.16.1',
  'fastavro==1.13.1',
  'hats-import==0.11.1',
  'kubernetes-validate==1.37.0',
  'lsdb==0.11.1',
  "backports.zstd==1.8.0; python_version < '3.14'", // fastavro: codec zstandard
  'pandas==3.1.1',
  'polars==2.1.0',
  'prometheus_client==0.26.0',
  'pyarrow==26.0.1',
  'pyspark==4.3.0'
]

/**
 * Puts packages into a folder, complete or not at all. Of several who want it one installs, the others wait; what failed
 * is not tried again for ten minutes. A plain folder does where a virtual environment would: some systems cannot make one.
 */
const INSTALL = `
import fcntl, os, shutil, subprocess, sys, time
folder, packages = sys.argv[1], sys.argv[2:]
failed = folder + '.failed'
os.makedirs(os.path.dirname(folder), exist_ok=True)
with open(folder + '.lock', 'w') as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    if os.path.exists(folder + '/ready'):
        sys.exit()
    if os.path.exists(failed) and time.time() - os.path.getmtime(failed) < 600:
        sys.exit(open(failed).read())
    fresh = folder + '.installing'
    for old in (fresh, folder):
        shutil.rmtree(old, ignore_errors=True)
    pip = [sys.executable, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--retries', '1', '--target', fresh]
    ran = subprocess.run([*pip, *packages], capture_output=True, text=True)
    if ran.returncode != 0:
        open(failed, 'w').write(ran.stderr.strip().split('\\n')[-1])
        sys.exit(open(failed).read())
    open(fresh + '/ready', 'w').write('\\n'.join(packages))
    os.rename(fresh, folder)
`

/** The Python of the tests: packages are installed once, into a cache outside the checkout. Text: why there is none. */
export async function pythonOf(packages: readonly string[] = PACKAGES): Promise<Python | string> {
  const version = await run(['--version'])
  if (version.code !== 0) return 'no Python'
  const name = createHash('sha256')
    .update([version.stdout.trim(), ...packages].join('\n'))
    .digest('hex')
    .slice(0, 12)
  const cache = process.env['SISKIN_PYTHON_CACHE'] ?? join(homedir(), '.cache/siskin/python')
  const folder = join(cache, name)
  const { code, stderr } = await run(['-c', INSTALL, folder, ...packages])
  if (code === 0) return { folder }
  return `pip could not install ${packages.join(', ')} (${stderr.trim().split('\n').at(-1)})`
}

/** The same for one test, which skips without it and says why. */
export async function pythonFor(context: TestContext): Promise<Python> {
  const python = await pythonOf()
  if (typeof python !== 'string') return python
  console.log(`skipped: ${context.task.name}, ${python}`)
  return context.skip(python)
}

/** Runs Python with its packages. */
export function runPython(
  { folder }: Python,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {}
): Promise<Ran> {
  return run(args, { PYTHONPATH: folder, PIP_DISABLE_PIP_VERSION_CHECK: '1', ...env })
}

const execute = promisify(execFile)

async function run(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  const options = { env: { ...process.env, ...env }, maxBuffer: 64 * 1024 * 1024 }
  try {
    return { code: 0, ...(await execute(PYTHON, args, options)) }
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as Partial<Ran>
    return { code: typeof code === 'number' ? code : -1, stdout, stderr: stderr || String(error) }
  }
}
