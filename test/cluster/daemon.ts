import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { java } from './jars.ts'

/** A Java program that runs until it is stopped. */
export interface DaemonOptions {
  readonly name: string
  readonly classPath: readonly string[]
  readonly main: string
  readonly args: readonly string[]
  readonly jvm: readonly string[]
  /** Its log goes to `<folder>/<name>.log`. */
  readonly folder: string
  /** Whether that folder goes when this process dies before it stopped the daemon. */
  readonly temporary: boolean
  /** Outlives this process. */
  readonly keep: boolean
  /** What is left to it after SIGTERM before it is killed. */
  readonly stopMs: number
  /** Whether it answers; asked until it does. */
  readonly answers: () => Promise<boolean>
}

const START_MS = 90_000
const ASK_AGAIN_MS = 100

/** One process of a server: started, stopped, killed and started again, on the same data. */
export class Daemon {
  readonly #options: DaemonOptions
  #child: ChildProcess | null = null
  #watch: ChildProcess | null = null

  constructor(options: DaemonOptions) {
    this.#options = options
  }

  /** Its process; null when it does not run. */
  get pid(): number | null {
    return this.#child?.pid ?? null
  }

  get log(): string {
    return join(this.#options.folder, `${this.#options.name}.log`)
  }

  /** Starts it; resolves when it answers. */
  async start(): Promise<void> {
    if (this.#child) return
    this.#spawn()
    const { name, answers } = this.#options
    for (const end = Date.now() + START_MS; Date.now() < end; await delay(ASK_AGAIN_MS)) {
      if (!this.#child) throw new Error(`${name} ended before it answered:\n${this.#lastLines()}`)
      if (await answers().catch(() => false)) return
    }
    await this.kill()
    throw new Error(`${name} does not answer after ${START_MS / 1000} s:\n${this.#lastLines()}`)
  }

  /** SIGTERM, and SIGKILL when that is not enough. */
  async stop(): Promise<void> {
    const child = this.#child
    if (!child) return
    child.ref()
    child.kill('SIGTERM')
    child.kill('SIGCONT')
    const timer = setTimeout(() => child.kill('SIGKILL'), this.#options.stopMs)
    await exited(child)
    clearTimeout(timer)
  }

  /** SIGKILL, as a machine that loses its power. */
  async kill(): Promise<void> {
    const child = this.#child
    if (!child) return
    child.ref()
    child.kill('SIGKILL')
    await exited(child)
  }

  /** Neither dead nor alive: it answers nothing until `resume`. */
  pause(): void {
    this.#child?.kill('SIGSTOP')
  }

  resume(): void {
    this.#child?.kill('SIGCONT')
  }

  #spawn(): void {
    const { classPath, main, args, jvm, keep, folder, temporary } = this.#options
    const log = openSync(this.log, 'a')
    const child = spawn(java, [...jvm, '-cp', classPath.join(':'), main, ...args], {
      cwd: folder,
      stdio: ['ignore', log, log],
      detached: keep
    })
    closeSync(log)
    this.#child = child
    const gone = () => {
      if (this.#child === child) this.#child = null
      this.#watch?.kill('SIGKILL')
    }
    child.once('exit', gone)
    child.once('error', gone)
    child.unref() // who forgets to stop it can end all the same
    if (!keep && child.pid) this.#watch = killWithUs(child.pid, temporary ? folder : '')
  }

  #lastLines(): string {
    return readFileSync(this.log, 'utf8').split('\n').slice(-20).join('\n')
  }
}

function exited(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
  })
}

/** A shell whose input ends when this process does, however it does, and which then kills `pid`. */
function killWithUs(pid: number, rubbish: string): ChildProcess {
  const script = 'read -r _; kill -9 "$0"; [ -z "$1" ] || rm -rf "$1"'
  const watch = spawn('sh', ['-c', script, String(pid), rubbish], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true // Ctrl-C in a terminal must not end it first
  })
  watch.unref()
  const { stdin } = watch
  if (stdin && 'unref' in stdin && typeof stdin.unref === 'function') stdin.unref()
  return watch
}

/** The folder that a server keeps its data in: the one that is wanted, or a new temporary one. */
export function dataFolder(name: string, wanted?: string): string {
  if (wanted === undefined) return mkdtempSync(join(tmpdir(), `siskin-${name}-`))
  mkdirSync(wanted, { recursive: true })
  return wanted
}

/** What can happen to a server, however many processes it has. */
export interface Life {
  start(): Promise<void>
  /** Ends it and removes its temporary data. */
  stop(): Promise<void>
  /** SIGKILL of all its processes; the data stay, `start` goes on from them. */
  kill(): Promise<void>
  /** Stops it as an operator would, and starts it again on the same data. */
  restart(): Promise<void>
}

/** Brings a server up; none of its processes is left if that fails. */
export async function bringUp(
  daemons: readonly Daemon[],
  start: () => Promise<void>,
  temporary: string | null
): Promise<Life> {
  const each = async (work: (daemon: Daemon) => Promise<void>) => {
    await Promise.all(daemons.map(work))
  }
  const kill = () => each((daemon) => daemon.kill())
  const halt = () => each((daemon) => daemon.stop())
  const clear = () => temporary !== null && rmSync(temporary, { recursive: true, force: true })
  await start().catch(async (error: unknown) => {
    await kill()
    clear()
    throw error
  })
  return {
    start,
    kill,
    async stop() {
      await halt()
      clear()
    },
    async restart() {
      await halt()
      await start()
    }
  }
}

/** Runs a Java program to its end. @returns what it printed. @throws with the same if it fails. */
export function runJava(
  jvm: readonly string[],
  classPath: readonly string[],
  main: string,
  args: readonly string[]
): string {
  const { status, stdout, stderr } = spawnSync(
    java,
    [...jvm, '-cp', classPath.join(':'), main, ...args],
    { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 }
  )
  if (status !== 0) throw new Error(`${main} ${args.join(' ')} failed:\n${stdout}${stderr}`)
  return stdout + stderr
}

const FIRST_PORT = 15_000
const LAST_PORT = 31_000
const given = new Set<number>()

/** A port that nobody listens on, below those that systems give to outgoing connections. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT))
    if (given.has(port) || !(await canListen(port))) continue
    given.add(port)
    return port
  }
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
