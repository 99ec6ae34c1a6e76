import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { openParquet } from '../../engine/lake/files/parquet-file.ts'
import { openStore } from '../../engine/store/open-store.ts'
import { simulate } from '../../simulator/index.ts'
import { readArchive } from '../../simulator/read-archive.ts'
import { whyNoCluster } from '../cluster/cluster.ts'
import { sharedHdfs } from '../cluster/shared.ts'
import type { SharedHdfs } from '../cluster/shared.ts'
import { fingerprint, siskin, temporaryFolder } from '../support/siskin.ts'

const why = whyNoCluster()
if (why) console.log(`skipped: looking at a lake on a real HDFS, ${why} here`)

describe.skipIf(why)('looking at what lies in HDFS', () => {
  const folder = temporaryFolder()
  const lake = join(folder, 'lake')
  const archive = join(folder, 'night.tar.gz')
  let hdfs: SharedHdfs
  let far: string
  let files: string[]

  beforeAll(async () => {
    const [started] = await Promise.all([sharedHdfs(), fillLake()])
    hdfs = started
    far = `${hdfs.root}/things/lake`
    files = readdirSync(lake, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(lake.length + 1))
    const store = openStore(`${hdfs.root}/things`)
    for (const path of files) await store.write(`lake/${path}`, [readFileSync(join(lake, path))])
    await store.write('night.tar.gz', [readFileSync(archive)])
    const packets = readArchive(archive).slice(0, 5)
    for (const [i, { bytes }] of packets.entries()) await store.write(`loose/${i}.avro`, [bytes])
  })

  async function fillLake(): Promise<void> {
    const night = { survey: 'ztf', start: '2026-01-12', seed: 4, scale: 0.002 } as const
    await simulate({ ...night, out: archive, inject: { kilonova: 10 } })
    const { code, stderr } = await siskin(['run', archive, '--lake', lake, '--part-packets', '150'])
    expect(code, stderr).toBe(0)
  }

  /** What a command prints of one thing, with the names of both places made the same. */
  const see = async (command: string, thing: string, ...more: string[]) => {
    const { code, stdout, stderr } = await siskin([command, thing, ...more])
    expect(code, stderr).toBe(0)
    return stdout.replaceAll(far, 'LAKE').replaceAll(lake, 'LAKE')
  }

  /** Both prints of a thing of the lake. */
  const both = async (path: string, ...more: string[]) => [
    await see('inspect', join(lake, path), ...more),
    await see('inspect', `${far}${path && '/'}${path}`, ...more)
  ]

  const kindOf = (start: string, end: string) =>
    files.find((path) => path.startsWith(start) && path.endsWith(end))!

  test.each([
    ['a lake', () => ''],
    ['a part', () => kindOf('ztf/alerts/', '.parquet')],
    ['a packet file', () => kindOf('ztf/packets/', '.avro')],
    ['a topic file', () => kindOf('topics/', '.avro')]
  ])('%s: the same as from a local disk, in words and as JSON', async (_, path) => {
    const [near, there] = await both(path())
    expect(near!.length).toBeGreaterThan(100)
    expect(there).toBe(near)
    const [nearJson, thereJson] = await both(path(), '--json')
    expect(thereJson).toBe(nearJson)
  })

  test('an alert with its light curve and stamps, and its object', async () => {
    const [path] = files.filter((name) => name.endsWith('.parquet'))
    const part = await openParquet(openStore(lake), path!, readFileSync(join(lake, path!)).length)
    const [row] = await part.read({ columns: ['alert_id', 'object_id'] })
    const { alert_id: id, object_id: object } = row as { alert_id: bigint; object_id: string }
    const [near, there] = [join(folder, 'near'), join(folder, 'far')]
    const nearText = await see('inspect', String(id), '--lake', lake, '--stamps', near)
    const farText = await see('inspect', String(id), '--lake', far, '--stamps', there)
    expect(farText.replaceAll(there, near)).toBe(nearText)
    expect(nearText).toContain(`of object ${object}`)
    expect(readdirSync(there)).toHaveLength(3)
    for (const name of readdirSync(near)) {
      expect(readFileSync(join(there, name)).equals(readFileSync(join(near, name)))).toBe(true)
    }
    expect(await see('inspect', object, '--lake', far)).toBe(
      await see('inspect', object, '--lake', lake)
    )
  })

  test('an archive and a folder of packets: the first of them, by ranges', async () => {
    const near = JSON.parse(await see('inspect', archive, '--json')) as { alerts: unknown[] }
    const there = JSON.parse(
      await see('inspect', `${hdfs.root}/things/night.tar.gz`, '--json')
    ) as typeof near
    expect(near.alerts).toHaveLength(20)
    expect(there.alerts).toEqual(near.alerts)
    const loose = await see('inspect', `${hdfs.root}/things/loose/`, '--json')
    expect((JSON.parse(loose) as typeof near).alerts[0]).toEqual(near.alerts[0])
    const one = await see('inspect', `${hdfs.root}/things/loose/1.avro`, '--json')
    expect((JSON.parse(one) as typeof near).alerts).toEqual([near.alerts[1]])
  })

  test('truth: the same, over copies of the parts', async () => {
    const cache = { SISKIN_CACHE: join(folder, 'cache') }
    const truth = join(folder, 'night.truth.parquet')
    const near = await siskin(['truth', '--lake', lake, '--truth', truth, '--json'])
    const there = await siskin(['truth', '--lake', far, '--truth', truth, '--json'], cache)
    expect(there.code, there.stderr).toBe(0)
    expect(there.stdout).toBe(near.stdout)
  })

  test('nothing there, or nothing of use: exit code 2 and what can be looked at', async () => {
    const nothing = await siskin(['inspect', `${hdfs.root}/things/none`])
    expect([nothing.code, nothing.stderr]).toEqual([
      2,
      expect.stringMatching(
        /there is no file or folder "hdfs:.*\/things\/none"; give a packet file/
      )
    ])
    const ledger = await siskin(['inspect', `${far}/_siskin/ledger`])
    expect([ledger.code, ledger.stderr]).toEqual([
      2,
      expect.stringContaining('holds no .avro, .confluent, .tar or .tar.gz file')
    ])
  })

  test('an archive and a folder are taken in as from a disk; again, there is nothing new', async () => {
    const things = `${hdfs.root}/things`
    const own = join(folder, 'own')
    const run = (...sources: string[]) =>
      siskin(['run', ...sources, '--lake', own, '--part-packets', '150'])
    const first = await run(`${things}/night.tar.gz`)
    expect(first.code, first.stderr).toBe(0)
    const place = (files: Record<string, string>) =>
      Object.fromEntries(Object.entries(files).filter(([path]) => !path.includes('/sources/')))
    expect(place(fingerprint(own))).toEqual(place(fingerprint(lake)))
    const second = await run(`${things}/night.tar.gz`, `${things}/loose`)
    expect(second.code, second.stderr).toBe(0)
    expect(second.stdout).toMatch(/duplicates +5/)
    const whole = await siskin(['verify', '--lake', own, '--deep'])
    expect(whole.code, whole.stdout).toBe(0)
    const refused = await run(`${things}/lake`)
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringMatching(/is a lake/)])
    const gone = await run(`${things}/gone.tar`)
    expect([gone.code, gone.stderr]).toEqual([2, expect.stringMatching(/no such file or folder/)])
  })
})
