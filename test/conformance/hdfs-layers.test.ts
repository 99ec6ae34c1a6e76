import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openStore } from '../../engine/store/open-store.ts'
import { modules } from '../../science-modules/registry.ts'
import { simulate } from '../../simulator/index.ts'
import { startHdfs, whyNoCluster } from '../cluster/cluster.ts'
import type { Hdfs } from '../cluster/cluster.ts'
import { ask } from '../support/ask.ts'
import { killAt } from '../support/kill.ts'
import { siskin, temporaryFolder } from '../support/siskin.ts'

const why = whyNoCluster()
if (why) console.log(`skipped: layers on a real HDFS, ${why} here`)

describe.skipIf(why)('layers of a lake on HDFS', () => {
  const folder = temporaryFolder()
  const near = join(folder, 'near')
  const archive = join(folder, 'night.tar')
  const cache = { SISKIN_CACHE: join(folder, 'cache') }
  let hdfs: Hdfs
  let far: string

  beforeAll(async () => {
    const night = { start: '2026-01-13', seed: 5, scale: 0.006, stamps: 'none' } as const
    const [started] = await Promise.all([startHdfs(), simulate({ ...night, out: archive })])
    hdfs = started
    far = `${hdfs.root}/things/lake`
    for (const lake of [near, far]) {
      const { code, stderr } = await siskin([
        'run',
        archive,
        '--lake',
        lake,
        '--part-packets',
        '60'
      ])
      expect(code, stderr).toBe(0)
    }
  }, 120_000)

  afterAll(async () => {
    await hdfs?.stop()
  })

  const reprocess = (lake: string) =>
    `reprocess --lake ${lake} --modules rate --filters solar_system_known --json`.split(' ')

  test('are made as on a local disk, byte for byte, also when a reprocessing was killed', async () => {
    await killAt('60:committed', reprocess(far))
    for (const lake of [near, far]) {
      const { code, stderr } = await siskin(reprocess(lake))
      expect(code, stderr).toBe(0)
    }
    const store = openStore(far)
    const files = readdirSync(near, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(near.length + 1))
      .filter((path) => /^(ztf\/layers|topics\/[^/]+@)/.test(path))
    expect(files.some((path) => path.startsWith('topics/'))).toBe(true)
    for (const path of files) {
      expect(Buffer.from(await store.read(path)).equals(readFileSync(join(near, path))), path).toBe(
        true
      )
    }
    const verdict = await ask(['verify', '--deep', '--lake', far, '--json'])
    expect(JSON.parse(verdict.stdout)).toMatchObject({ ok: true, differences: [] })
  }, 120_000)

  test('are read by inspect and truth, and named in its views', async () => {
    const truth = archive.replace('.tar', '.truth.parquet')
    const judged = [near, far].map((lake) => {
      return siskin(['truth', '--lake', lake, '--truth', truth, '--json'], cache)
    })
    const [one, two] = await Promise.all(judged)
    expect(two!.stdout).toBe(one!.stdout)
    expect(one!.stdout).toMatch(/"topic": "solar-system-known@\d/)
    const seen = await Promise.all([near, far].map((lake) => siskin(['inspect', lake, '--json'])))
    const [here, there] = seen.map(
      ({ stdout }) => (JSON.parse(stdout) as { layers: unknown }).layers
    )
    expect(there).toEqual(here)
    const { stdout } = await siskin(['views', '--lake', far])
    expect(stdout).toContain(`'${far}/ztf/layers/rate@`)
  }, 60_000)

  test('are compared', async () => {
    const { version } = modules.find(({ name }) => name === 'rate')!
    const stored = JSON.parse(
      (await siskin(['compare', 'rate', '--with', version, '--lake', far, '--json'])).stdout
    ) as { alerts: number; largest: unknown[] }
    expect(stored.alerts).toBeGreaterThan(0)
    expect(stored.largest).toEqual([])
  }, 60_000)
})
