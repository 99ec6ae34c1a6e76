import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'

const PROGRAM = fileURLToPath(new URL('../../jobs/siskin.js', import.meta.url))

export interface Outcome {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs `siskin` as a user does, in a process of its own. */
export function siskin(
  args: readonly string[],
  env: Record<string, string> = {},
  input: string | null = null
): Promise<Outcome> {
  return new Promise((resolve) => {
    const options = { env: { ...process.env, ...env }, maxBuffer: 64 * 1024 * 1024 }
    const child = execFile(process.execPath, [PROGRAM, ...args], options, (_, stdout, stderr) =>
      resolve({ code: child.exitCode, signal: child.signalCode, stdout, stderr })
    )
    if (input === null) return
    child.stdin?.on('error', () => {}) // it may end before it has read all
    child.stdin?.end(input)
  })
}

/** Starts `siskin` and leaves it running. */
export function startSiskin(args: readonly string[]): {
  child: ChildProcess
  ended: Promise<void>
} {
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: 'ignore' })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  return { child, ended }
}

/** A folder of the test's own, removed after it. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'siskin-test-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Every file of a lake with the hash of its bytes; in the ledger, times and the number of the attempt are left out. */
export function fingerprint(lake: string): Record<string, string> {
  const files: Record<string, string> = {}
  for (const entry of readdirSync(lake, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const name = relative(lake, path)
    if (/^_siskin\/(owners|verified)\//.test(name)) continue
    const bytes = /^_siskin\/(ledger|sources|layers|topics)\//.test(name)
      ? timeless(path)
      : readFileSync(path)
    files[name] = createHash('sha256').update(bytes).digest('hex')
  }
  return Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** What differs between two runs that made the same. */
const TIMES = new Set(['seconds', 'started', 'ms', 'attempt', 'stamp'])

function timeless(path: string): string {
  const text = readFileSync(path, 'utf8')
  const values = path.endsWith('.jsonl') ? text.trimEnd().split('\n') : [text]
  const own = (key: string, value: unknown) => (TIMES.has(key) ? undefined : value)
  return values.map((value) => JSON.stringify(JSON.parse(value), own)).join('\n')
}
