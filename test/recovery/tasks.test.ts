import { spawnSync } from 'node:child_process'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { parseLayer } from '../../engine/lake/layer-name.ts'
import { RunClaim } from '../../engine/lake/run-claim.ts'
import { attemptFolder } from '../../engine/lake/two-phase-commit.ts'
import { TaskClaim } from '../../engine/layers/task-claim.ts'
import type { Task, TaskAnswer } from '../../engine/layers/task.ts'
import { openStore } from '../../engine/store/open-store.ts'
import { PROJECT } from '../../jobs/new/new.ts'
import { modules } from '../../science-modules/registry.ts'
import { simulate } from '../../simulator/index.ts'
import { ask } from '../support/ask.ts'
import { killAt } from '../support/kill.ts'
import { fingerprint, siskin, temporaryFolder } from '../support/siskin.ts'

const PART = 60
const RATE = `rate@${modules.find(({ name }) => name === 'rate')!.version}`
const WORK = ['--modules', 'rate', '--filters', 'solar_system_known']

const folder = temporaryFolder()
const taken = join(folder, 'taken')
let whole: Record<string, string> = {}

/** What a lake holds, without the words of who made it and where it lies. */
function contentOf(lake: string): Record<string, string> {
  const { 'views.sql': _, ...files } = fingerprint(lake)
  return files
}

function lakeOf(name: string): string {
  const lake = join(folder, name)
  cpSync(taken, lake, { recursive: true })
  return lake
}

async function planOf(lake: string, ...args: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await ask([
    'reprocess',
    '--lake',
    lake,
    '--plan',
    ...WORK,
    ...args
  ])
  expect(code, stderr).toBe(0)
  return stdout.trim().split('\n')
}

const TAKE = ['reprocess', '--tasks', '-', '--members', '1']
const textOf = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join('')

async function take(lines: readonly string[], env: Record<string, string> = {}) {
  const outcome = await siskin(TAKE, env, textOf(lines))
  const answers = outcome.stdout.split('\n').filter(Boolean)
  return { ...outcome, answers: answers.map((line) => JSON.parse(line) as TaskAnswer) }
}

async function expectWhole(lake: string): Promise<void> {
  const verdict = await ask(['verify', '--lake', lake, '--deep', '--json'])
  expect(JSON.parse(verdict.stdout)).toMatchObject({ ok: true, differences: [], notes: [] })
  expect(contentOf(lake)).toEqual(whole)
}

const statuses = (answers: readonly TaskAnswer[]) => new Set(answers.map(({ status }) => status))

beforeAll(async () => {
  const archive = join(folder, 'night.tar')
  const night = { start: '2026-01-12', seed: 3, scale: 0.002, stamps: 'none' } as const
  await simulate({ ...night, out: archive })
  await siskin(['run', archive, '--lake', taken, '--part-packets', String(PART)])
  const lake = lakeOf('undisturbed')
  const outcome = await siskin(['reprocess', '--lake', lake, ...WORK])
  expect(outcome.code, outcome.stderr).toBe(0)
  whole = contentOf(lake)
}, 60_000)

describe('the tasks of a plan', () => {
  it('are one a part, and make what a reprocessing makes, once', async () => {
    const lake = lakeOf('plain')
    const plan = await planOf(lake)
    const tasks = plan.map((line) => JSON.parse(line) as Task)
    expect(new Set(tasks.map(({ first }) => first)).size).toBe(plan.length)
    expect(Object.keys(tasks[0]!.layers)).toContain(`layers/${RATE}`)
    const made = await take(plan)
    expect(made.code, made.stderr).toBe(0)
    expect(made.answers.map(({ first, status }) => [first, status])).toEqual(
      tasks.map(({ first }) => [first, 'made'])
    )
    await expectWhole(lake)
    const again = await take([plan[1]!, 'nonsense', plan[0]!, plan[1]!])
    expect(again.answers.map(({ status, reason }) => reason ?? status).sort()).toEqual([
      'no task of a plan: nonsense',
      'there',
      'there',
      'there'
    ])
    await expectWhole(lake)
  }, 60_000)

  it('can be shared out, and planned again while they are in work', async () => {
    const lake = lakeOf('shares')
    const shares = await Promise.all(
      ['0/3', '1/3', '2/3'].map((share) => planOf(lake, '--share', share))
    )
    expect(shares.flat().sort()).toEqual((await planOf(lake)).sort())
    const all = await Promise.all(shares.map((share) => take(share)))
    for (const { code, stderr } of all) expect(code, stderr).toBe(0)
    await expectWhole(lake)
  }, 60_000)

  it('are done by the pods of an Indexed Job, in the words of its manifest', async () => {
    const lake = lakeOf('pods')
    const config = join(folder, 'reprocess.yaml')
    writeFileSync(config, `lake: ${lake}\nmodules: rate\nfilters: solar_system_known\n`)
    const [, job] = parseAllDocuments(
      readFileSync(join(PROJECT, 'deploy/kubernetes/reprocess.yaml'), 'utf8')
    ).map((document) => document.toJS())
    const [script] = job.spec.template.spec.containers[0].args as [string]
    for (const index of ['0', '1']) {
      const pod = script
        .replaceAll('/tmp/', `${folder}/pod-${index}-`)
        .replace('/etc/siskin/reprocess.yaml', config)
      const env = { JOB_COMPLETION_INDEX: index, SHARES: '2', NIGHTS: '20260101..20260131' }
      const ran = spawnSync('bash', ['-c', pod], {
        cwd: PROJECT,
        encoding: 'utf8',
        env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH']}`, ...env }
      })
      expect(ran.status, ran.stderr).toBe(0)
    }
    await expectWhole(lake)
  }, 60_000)

  it('are made once by three who have all of them, one of whom is killed', async () => {
    const lake = lakeOf('three')
    const plan = await planOf(lake)
    const mixed = plan.map((_, i) => plan[(i * 5) % plan.length]!)
    const [, ...others] = await Promise.all([
      take(plan, { SISKIN_CRASH: `${PART * 2}:committed` }),
      take(plan.toReversed()),
      take([...mixed, ...plan])
    ])
    for (const { code, answers, stderr } of others) {
      expect(code, stderr).toBe(0)
      for (const { reason } of answers) expect(reason ?? '').toMatch(/^(another has taken .*)?$/)
    }
    expect(statuses((await take(plan)).answers)).not.toContain('failed')
    await expectWhole(lake)
  }, 90_000)

  it.each(['staged', 'committed', 'placing'])(
    'killed at step "%s": who has the task next makes it',
    async (step) => {
      const lake = lakeOf(step)
      const plan = await planOf(lake)
      const own = plan.slice(0, 3)
      await killAt(`${PART}:${step}`, TAKE, textOf(own))
      expect(statuses((await take(own)).answers)).not.toContain('failed')
      expect(statuses((await take(plan.slice(3))).answers)).toEqual(new Set(['made']))
      await expectWhole(lake)
      rmSync(lake, { recursive: true })
    },
    60_000
  )

  it('of another version, or of a layer that a reprocessing took over, are refused with the reason', async () => {
    const lake = lakeOf('refused')
    const [line = ''] = await planOf(lake)
    const { answers } = await take([line.replace(RATE, 'rate@99.0.0')])
    expect(answers[0]!.reason).toMatch(/makes layers\/rate@99.0.0, and this Siskin has version/)
    const other = await RunClaim.take(openStore(lake), `layers/${RATE}`, 'siskin reprocess')
    await other.release()
    const late = await take([line])
    expect([late.code, late.answers]).toEqual([1, []])
    expect(late.stderr).toMatch(
      /plan of these tasks is over: siskin reprocess has had layers\/rate@/
    )
  }, 60_000)
})

describe('the tasks of a plan, and a close', () => {
  it('end where the night is closed, and what is planned then is of what is left', async () => {
    const lake = lakeOf('closed')
    const plan = await planOf(lake)
    const before = await take(plan.slice(0, 2))
    expect(statuses(before.answers)).toEqual(new Set(['made']))
    const closed = await siskin([
      'close',
      '--lake',
      lake,
      '--night',
      '20260112..20260113',
      '--json'
    ])
    expect(closed.code, closed.stderr).toBe(0)
    const late = await take(plan)
    expect([late.code, late.answers]).toEqual([1, []])
    expect(late.stderr).toMatch(/the plan of these tasks is over: siskin close .* has had/)
    const left = await take(await planOf(lake))
    expect([left.code, statuses(left.answers)]).toEqual([0, new Set(['made'])])
    const verdict = await ask(['verify', '--lake', lake, '--deep', '--json'])
    expect(JSON.parse(verdict.stdout)).toMatchObject({ ok: true, differences: [], notes: [] })
  }, 60_000)
})

describe('the claim of a task', () => {
  const layer = parseLayer('layers', RATE)!
  const span = { source: 'night', first: 0, last: 9 }

  it('is the later one’s, who renames what the earlier has staged', async () => {
    const store = openStore(join(folder, 'claims'))
    const one = await TaskClaim.take(store, layer, 1, span)
    await one.check()
    const staged = attemptFolder({
      source: `layers/${RATE}/night`,
      attempt: one.attempt,
      first: 0,
      last: 9
    })
    await store.write(`${staged}/record.json`, [Buffer.from('{}')])
    const two = await TaskClaim.take(store, layer, 1, span)
    await expect(one.check()).rejects.toThrow('another has taken this task')
    await expect(store.rename(`${staged}/record.json`, 'ledger.json')).rejects.toThrow('ENOENT')
    await one.release() // it is not theirs to end
    await two.check()
    await two.release()
    // its number is given out again, and is not the first one's
    const three = await TaskClaim.take(store, layer, 1, span)
    await expect(one.check()).rejects.toThrow('another has taken this task')
    await three.check()
  })

  it('leaves nothing, and nothing of those who died while they wrote theirs', async () => {
    const store = openStore(join(folder, 'dead'))
    const one = await TaskClaim.take(store, layer, 1, span)
    const [claim] = await store.list('_siskin/owners/tasks')
    await store.write(`${claim!.path}.writing-f765de67ca24`, [Buffer.from('t0.1-')])
    await one.release()
    expect(await store.list('_siskin/owners/tasks')).toEqual([])
  })

  it('is one taker’s of many who come at once', async () => {
    const store = openStore(join(folder, 'many'))
    const claims = await Promise.all(
      Array.from({ length: 20 }, () => TaskClaim.take(store, layer, 1, span))
    )
    expect(new Set(claims.map(({ attempt }) => attempt)).size).toBe(20)
    const checks = await Promise.allSettled(claims.map((claim) => claim.check()))
    expect(checks.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })
})
