import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { openStore } from '../../engine/store/open-store.ts'
import { simulate } from '../../simulator/index.ts'
import { whyNoCluster } from '../cluster/cluster.ts'
import { sharedHdfs } from '../cluster/shared.ts'
import { closeAll, verdictOf } from '../support/closing.ts'
import { killAt } from '../support/kill.ts'
import { siskin, temporaryFolder } from '../support/siskin.ts'

const why = whyNoCluster()
if (why) console.log(`skipped: closing nights on a real HDFS, ${why} here`)

describe.skipIf(why)('a night of a lake on HDFS', () => {
  const folder = temporaryFolder()
  const near = join(folder, 'near')
  let far: string

  beforeAll(async () => {
    const archive = join(folder, 'night.tar')
    const night = { start: '2026-01-13', seed: 5, scale: 0.004, stamps: 'none' } as const
    const [hdfs] = await Promise.all([sharedHdfs(), simulate({ ...night, out: archive })])
    far = `${hdfs.root}/closed/lake`
    for (const lake of [near, far]) {
      const run = await siskin(['run', archive, '--lake', lake, '--part-packets', '25'])
      expect(run.code, run.stderr).toBe(0)
    }
  })

  test('is closed as on a local disk, byte for byte, a few bytes in memory at a time, also after a kill', async () => {
    const sizes = { alerts: 400_000, packets: 2_000_000, rowGroup: 64, memory: 300_000 }
    const flags = ['--row-group', '64', '--night', '20260113', '--lake', far]
    await killAt('2:staging', ['close', ...flags])
    const [here, there] = [openStore(near), openStore(far)]
    const nights = [await closeAll(here, sizes), await closeAll(there, sizes)].flat()
    expect(nights).toMatchObject([{ broken: [] }, { broken: [], parts: nights[0]!.parts }])
    for (const root of ['ztf', 'topics', '_siskin/closed']) {
      const files = await here.list(root)
      expect((await there.list(root)).map(({ path }) => path)).toEqual(
        files.map(({ path }) => path)
      )
      if (root === '_siskin/closed') continue // it has the times of the runs
      for (const { path } of files) {
        const [one, two] = await Promise.all([here.read(path), there.read(path)])
        expect(Buffer.compare(one, two), path).toBe(0)
      }
    }
    expect(await verdictOf(there)).toMatchObject({ ok: true, differences: [], notes: [] })
  })
})
