import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { simulate } from '../../simulator/index.ts'
import { receivedIn } from '../stream/support.ts'
import { siskin, temporaryFolder } from '../support/siskin.ts'

const PROJECT = fileURLToPath(new URL('../..', import.meta.url))
const PROGRAM = join(PROJECT, 'jobs/siskin.js')
const folder = temporaryFolder()
const lake = join(folder, 'lake')

/** A Node of this machine that is too old to run Siskin itself. */
function oldNode(): string | null {
  const places = (process.env['PATH'] ?? '').split(delimiter).map((at) => join(at, 'node'))
  const isOld = (path: string) => {
    const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' })
    return Number(/^v(\d+)/.exec(stdout)?.[1] ?? 99) < 24
  }
  return places.filter((path) => existsSync(path)).find(isOld) ?? null
}

const old = process.platform === 'linux' ? oldNode() : null
if (old === null) console.log('skipped: the launcher, no Node.js older than 24 on this Linux')

interface Launched {
  readonly launcher: ChildProcess
  readonly real: number
}

/** `siskin subscribe --follow`, which waits for more alerts until it is stopped. */
function launch() {
  const args = ['subscribe', 'solar-system-known', '--lake', lake, '--follow', '--from', 'earliest']
  const env = { ...process.env, HOME: folder, XDG_STATE_HOME: folder }
  return spawn(old!, [PROGRAM, ...args], { env, stdio: ['ignore', 'pipe', 'ignore'] })
}

/** It, and its real process, when that is at work. */
async function launched(): Promise<Launched> {
  const launcher = launch()
  await once(launcher.stdout, 'data')
  const [real] = childrenOf(launcher.pid!)
  return { launcher, real: real! }
}

/** The same as soon as there is a real process. */
async function launching(): Promise<Launched> {
  const launcher = launch()
  launcher.stdout.resume()
  for (;;) {
    const [real] = childrenOf(launcher.pid!)
    if (real !== undefined) return { launcher, real }
    await delay(1)
  }
}

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return text === '' ? [] : text.split(' ').map(Number)
}

/** What the system says of a process; empty when it is gone. */
function factsOf(pid: number, file: 'status' | 'cmdline'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}

const isAlive = (pid: number) => /^State:\s*[^Z\s]/m.test(factsOf(pid, 'status'))

/** Whether a process has a handler of its own for SIGTERM. */
function catchesSigterm(pid: number): boolean {
  const [, caught = '0'] = /^SigCgt:\s*(\w+)/m.exec(factsOf(pid, 'status')) ?? []
  return ((BigInt(`0x${caught}`) >> 14n) & 1n) === 1n
}

/** Processes that were started for a lake. */
function processesOn(place: string): number[] {
  const pids = readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0)
  return pids.filter((pid) => isAlive(pid) && factsOf(pid, 'cmdline').includes(place))
}

const archive = join(folder, 'night.tar.gz')

beforeAll(async () => {
  await simulate({ survey: 'ztf', start: '2026-01-12', seed: 4, out: archive, scale: 0.001 })
  await siskin(['run', archive, '--lake', lake])
})

describe.skipIf(old === null)('siskin, started with an older Node.js', () => {
  test('answers and ends as the real process does', () => {
    const run = (...args: string[]) => spawnSync(old!, [PROGRAM, ...args], { encoding: 'utf8' })
    expect(run('--version')).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\d/) })
    expect(run('inspect', 'nothing').status).toBe(2)
  })

  test('npm says nothing of the age of its Node.js', (context) => {
    const npm = join(dirname(old!), 'npm')
    if (!existsSync(npm)) context.skip(`there is no npm beside ${old}`)
    const fresh = join(folder, 'fresh')
    mkdirSync(fresh)
    for (const file of ['package.json', 'package-lock.json', '.npmrc']) {
      copyFileSync(join(PROJECT, file), join(fresh, file))
    }
    const env = { HOME: folder, PATH: `${dirname(old!)}${delimiter}/usr/bin${delimiter}/bin` }
    const args = ['ci', '--dry-run', '--offline']
    const ran = spawnSync(npm, args, { cwd: fresh, env, encoding: 'utf8' })
    expect(ran.stdout + ran.stderr).not.toMatch(/EBADENGINE/)
    expect(ran.status, ran.stderr).toBe(0)
  })

  test.each(['SIGTERM', 'SIGINT'] as const)('%s stops the real process', async (signal) => {
    const { launcher, real } = await launched()
    launcher.kill(signal)
    const [code, by] = await once(launcher, 'exit')
    expect(isAlive(real), 'an orphan').toBe(false)
    expect([code, by]).toEqual([0, null])
  })

  test('SIGKILL of the launcher stops it too', async () => {
    const { launcher, real } = await launched()
    launcher.kill('SIGKILL')
    await once(launcher, 'exit')
    while (isAlive(real)) await delay(20)
    expect(childrenOf(process.pid)).not.toContain(real)
  })

  const TRIES = 30
  const AT_ONCE = 3

  test('SIGKILL of the launcher at any moment of the start leaves nothing running', async () => {
    const left: number[] = []
    const attempt = async (afterMs: number) => {
      const { launcher, real } = await launching()
      await delay(afterMs)
      process.kill(real, 'SIGSTOP') // so that the launcher is gone for sure before the next step of it
      launcher.kill('SIGKILL')
      await once(launcher, 'exit')
      process.kill(real, 'SIGCONT')
      for (let waited = 0; isAlive(real) && waited < 15_000; waited += 50) await delay(50)
      if (!isAlive(real)) return
      left.push(afterMs)
      process.kill(real, 'SIGKILL')
    }
    for (let i = 0; i < TRIES; i += AT_ONCE) {
      await Promise.all(Array.from({ length: AT_ONCE }, (_, n) => attempt(40 * (i + n))))
    }
    expect(left).toEqual([])
  })

  test('SIGKILL of the launcher while its run waits for one that dies: it takes nothing in', async () => {
    const own = join(folder, 'waited-for')
    const args = [PROGRAM, 'run', archive, '--lake', own, '--part-packets', '1', '--members', '1']
    const dying = spawn(process.execPath, args, { stdio: 'ignore' })
    const claims = join(own, '_siskin/owners/runs')
    const isClaimed = () =>
      existsSync(claims) &&
      readdirSync(claims, { recursive: true, encoding: 'utf8' }).some((name) =>
        name.endsWith('.json')
      )
    while (!isClaimed()) await delay(1)
    dying.kill('SIGSTOP') // for its successor it is alive, and says nothing
    const launcher = spawn(old!, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    launcher.stderr.on('data', (text: Buffer) => (said += text.toString()))
    while (childrenOf(launcher.pid!).length === 0) await delay(1)
    const [real] = childrenOf(launcher.pid!)
    while (!catchesSigterm(real!)) await delay(1)
    launcher.kill('SIGKILL')
    while (!said.includes('stopping after the parts in work')) await delay(1)
    dying.kill('SIGKILL')
    await once(dying, 'exit')
    for (let waited = 0; processesOn(own).length > 0 && waited < 30_000; waited += 50)
      await delay(50)
    const left = processesOn(own)
    for (const pid of left) process.kill(pid, 'SIGKILL')
    expect(left, said).toEqual([])
    expect(receivedIn(own)).toBeLessThan(10)
  })

  test('SIGKILL of the real process is the end of the launcher', async () => {
    const { launcher, real } = await launched()
    process.kill(real, 'SIGKILL')
    expect(await once(launcher, 'exit')).toEqual([null, 'SIGKILL'])
  })
})
