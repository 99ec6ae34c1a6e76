import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { simulate } from '../../simulator/index.ts'
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

/** `siskin subscribe --follow`, which waits for more alerts until it is stopped; and its real process. */
async function launched(): Promise<{ launcher: ChildProcess; real: number }> {
  const args = ['subscribe', 'solar-system-known', '--lake', lake, '--follow', '--from', 'earliest']
  const env = { ...process.env, HOME: folder, XDG_STATE_HOME: folder }
  const launcher = spawn(old!, [PROGRAM, ...args], { env, stdio: ['ignore', 'pipe', 'ignore'] })
  await once(launcher.stdout, 'data')
  const [real] = childrenOf(launcher.pid!)
  return { launcher, real: real! }
}

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return text === '' ? [] : text.split(' ').map(Number)
}

const isAlive = (pid: number) => {
  const status = `/proc/${pid}/status`
  return existsSync(status) && !/^State:\s*Z/m.test(readFileSync(status, 'utf8'))
}

beforeAll(async () => {
  const archive = join(folder, 'night.tar.gz')
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

  test('SIGKILL of the real process is the end of the launcher', async () => {
    const { launcher, real } = await launched()
    process.kill(real, 'SIGKILL')
    expect(await once(launcher, 'exit')).toEqual([null, 'SIGKILL'])
  })
})
