import { spawn, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openStore } from '../../engine/store/open-store.ts'
import { PROJECT } from '../../jobs/new/new.ts'
import { simulate } from '../../simulator/index.ts'
import { INSTALL_MS, pythonFor } from '../support/python.ts'
import type { Python } from '../support/python.ts'
import { siskin, temporaryFolder } from '../support/siskin.ts'
import { whyNoCluster } from './cluster.ts'
import { sharedHdfs } from './shared.ts'

const why = whyNoCluster()
if (why) console.log(`skipped: history on Spark, ${why} here`)

const WORK = ['--modules', 'rate', '--filters', 'solar_system_known']
/** Said on the command line of every executor, by which they are found. */
const MARK = `siskin.test=${randomUUID()}`

interface Counts {
  readonly tasks: number
  readonly made: number
  readonly there: number
  readonly failed: number
}

describe.skipIf(why)('deploy/spark/reprocess.py, on two executors and HDFS', () => {
  const folder = temporaryFolder()
  const near = join(folder, 'near')
  let far: string

  beforeAll(async () => {
    const archive = join(folder, 'night.tar')
    const night = { start: '2026-01-13', seed: 5, scale: 0.006, stamps: 'none' } as const
    const [hdfs] = await Promise.all([sharedHdfs(), simulate({ ...night, out: archive })])
    far = `${hdfs.root}/spark/lake`
    for (const lake of [near, far]) {
      const ran = await siskin(['run', archive, '--lake', lake, '--part-packets', '50'])
      expect(ran.code, ran.stderr).toBe(0)
    }
    const ran = await siskin(['reprocess', '--lake', near, ...WORK])
    expect(ran.code, ran.stderr).toBe(0)
  }, 240_000)

  afterAll(() => {
    spawnSync('pkill', ['-9', '-f', MARK])
  })

  function submit({ folder: packages }: Python) {
    const program = join(PROJECT, 'deploy/spark/reprocess.py')
    const command = `${process.execPath} ${join(PROJECT, 'jobs/siskin.js')}`
    const conf = {
      'spark.driver.host': '127.0.0.1',
      'spark.driver.bindAddress': '127.0.0.1',
      'spark.ui.enabled': 'false',
      'spark.executor.extraJavaOptions': `-D${MARK}`
    }
    const confs = Object.entries(conf).map(([key, value]) => `--conf ${key}=${value}`)
    const child = spawn('python3', [program, '--siskin', command, '--', '--lake', far, ...WORK], {
      env: {
        ...process.env,
        PYTHONPATH: packages,
        PYSPARK_SUBMIT_ARGS: `--master local-cluster[2,1,1024] ${confs.join(' ')} pyspark-shell`
      }
    })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (bytes: Buffer) => (stdout += bytes.toString()))
    child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString()))
    return new Promise<{ code: number | null; stderr: string; counts: Counts | null }>(
      (resolve) => {
        child.once('close', (code) => {
          resolve({ code, stderr, counts: stdout === '' ? null : (JSON.parse(stdout) as Counts) })
        })
      }
    )
  }

  test(
    'makes what one machine makes, though an executor is killed',
    async (context) => {
      const python = await pythonFor(context)
      const store = openStore(far)
      const running = submit(python)
      const isRunning = { value: true }
      void running.then(() => (isRunning.value = false))
      while (isRunning.value && (await store.list('ztf/layers')).length < 3) await delay(100)
      const executors = spawnSync('pgrep', ['-f', `${MARK}.*CoarseGrainedExecutorBackend`], {
        encoding: 'utf8'
      })
      const [one = ''] = executors.stdout.trim().split('\n')
      expect(spawnSync('kill', ['-9', one]).status, 'an executor is at work').toBe(0)
      const { code, stderr, counts } = await running
      expect(code, stderr).toBe(0)
      expect(counts).toMatchObject({ failed: 0 })
      expect(counts!.made).toBeGreaterThan(0)

      const made = readdirSync(near, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(near.length + 1))
        .filter((path) => /^(ztf\/layers|topics\/[^/]+@)/.test(path))
      expect(made.length).toBeGreaterThan(counts!.tasks)
      for (const path of made) {
        const bytes = readFileSync(join(near, path))
        expect(Buffer.from(await store.read(path)).equals(bytes), path).toBe(true)
      }
      const verdict = await siskin(['verify', '--deep', '--lake', far, '--json'])
      expect(JSON.parse(verdict.stdout)).toMatchObject({ ok: true, differences: [] })
    },
    300_000 + INSTALL_MS
  )
})
