import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { ledgerPath } from '../../engine/lake/ledger.ts'
import { readLedger } from '../../engine/lake/records.ts'
import type { PartRecord } from '../../engine/lake/ledger.ts'
import { openStore } from '../../engine/store/open-store.ts'
import type { Store } from '../../engine/store/store.ts'
import { sharedHdfs, sharedKafka } from '../cluster/shared.ts'
import type { SharedHdfs, SharedKafka } from '../cluster/shared.ts'
import {
  describeKafka,
  drain,
  makeTopic,
  nightOfPackets,
  send,
  start,
  until
} from '../stream/support.ts'
import { ask } from '../support/ask.ts'
import { killAt } from '../support/kill.ts'
import { siskin, temporaryFolder } from '../support/siskin.ts'

describeKafka('repair beside a live stream', () => {
  const folder = temporaryFolder()
  let kafka: SharedKafka
  let hdfs: SharedHdfs
  let packets: Buffer[]

  beforeAll(async () => {
    ;[kafka, hdfs] = await Promise.all([sharedKafka(), sharedHdfs()])
    packets = (await nightOfPackets(folder)).slice(0, 200)
    await until(isWarm, 'HDFS to take a file') // the first may take longer than a stream waits at its start
  })

  async function isWarm(): Promise<boolean> {
    const probe = `warm-${performance.now()}`
    return openStore(hdfs.root)
      .write(probe, [Buffer.from('x')])
      .then(
        () => true,
        () => false
      )
  }

  const rootOf = (kind: string, name: string) =>
    kind === 'hdfs' ? `${hdfs.root}/${name}` : join(folder, name)

  async function recordsOf(store: Store): Promise<PartRecord[]> {
    return (await readLedger(store)).toSorted((a, b) => a.first - b.first)
  }

  /** A part that is lost, one of which a file is gone, one whose packets are damaged, and an index that is gone. */
  async function harm(store: Store, [, lost, lacking, damaged]: PartRecord[]): Promise<void> {
    await store.remove(ledgerPath(lost!.source, lost!.first, lost!.last))
    for (const { path } of lost!.files) await store.remove(path)
    await store.remove(lacking!.files.find(({ kind }) => kind === 'alerts')!.path)
    const { path, bytes } = damaged!.files.find(({ kind }) => kind === 'packets')!
    await store.remove(path)
    await store.write(path, [new Uint8Array(bytes)])
    for (const file of await store.list('_siskin/seen/ztf')) await store.remove(file.path)
  }

  test.each([
    ['local', 'committed'],
    ['local', 'placing:2'],
    ['hdfs', 'staged'],
    ['hdfs', 'committed']
  ])('on a %s lake, killed at %s and done again', async (kind, crash) => {
    const name = `live-${kind}-${crash.replace(':', '')}`
    const input = { topic: name, partitions: 1 }
    const lake = rootOf(kind, name)
    const args = { kafka, lake, topics: name, group: name, more: ['--trigger-rows', '25'] }
    await makeTopic(kafka, input)
    await send(kafka, input, packets.slice(0, 100))
    const { code, stderr } = await drain(args)
    expect(code, stderr).toBe(0)
    const store = openStore(lake)
    await harm(store, await recordsOf(store))
    const live = start(args)
    const feeding = (async () => {
      for (let from = 100; from < 200; from += 4) {
        await send(kafka, input, packets.slice(from, from + 4))
        await new Promise((resolve) => setTimeout(resolve, 300))
      }
    })()
    const ends = async () => (await recordsOf(store)).at(-1)!.last
    await until(async () => (await ends()) >= 104, 'the stream to work')
    const at = ['--lake', lake, '--brokers', kafka.bootstrap, '--group', name]
    const all = [...at, '--out-prefix', `${name}-`, '--deep']
    const alone = await siskin(['repair', '--lake', lake, '--yes']) // knows nothing of the stream
    expect(alone.code, alone.stderr).toBe(1)
    await killAt(crash, ['repair', ...all, '--yes'])
    const mended = await siskin(['repair', ...all, '--yes'])
    expect(mended.stdout).not.toContain('not done: ')
    await feeding
    await until(async () => (await ends()) >= 199, 'all packets')
    live.child.kill('SIGTERM')
    expect(await live.ended).toBe(0)
    const { stdout } = await ask(['verify', ...all, '--json'])
    const verdict = JSON.parse(stdout) as object
    expect(verdict).toMatchObject({
      ok: true,
      differences: [],
      received: 200,
      copies: 0,
      notes: []
    })
    expect(await store.list('_siskin/repair')).toEqual([])
    expect((await store.list('_siskin/staging')).map(({ path }) => path)).toEqual([])
  })
})
