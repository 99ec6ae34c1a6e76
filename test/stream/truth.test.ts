import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { beforeAll, expect, test } from 'vitest'
import { amount } from '../../engine/amount.ts'
import { ledgerPath } from '../../engine/lake/ledger.ts'
import type { PartFile, PartRecord } from '../../engine/lake/ledger.ts'
import type { TruthReport } from '../../engine/truth/truth.ts'
import { simulate } from '../../simulator/index.ts'
import { readArchive } from '../../simulator/read-archive.ts'
import { sharedKafka } from '../cluster/shared.ts'
import type { SharedKafka } from '../cluster/shared.ts'
import { openStore } from '../../engine/store/open-store.ts'
import { closeAll } from '../support/closing.ts'
import { siskin, temporaryFolder } from '../support/siskin.ts'
import { describeKafka, drain, ledgerOf, makeTopic, send, verdictOf } from './support.ts'

const GROUP = 'judged'

describeKafka('truth of a lake that a stream filled', () => {
  const folder = temporaryFolder()
  const input = { topic: 'truth-night', partitions: 3 }
  const night = join(folder, 'night.tar')
  const lake = join(folder, 'lake')
  let kafka: SharedKafka
  let records: PartRecord[]

  beforeAll(async () => {
    kafka = await sharedKafka()
    await makeTopic(kafka, input)
    const odd = { corrupt: 0.03, duplicates: 0.05, schemaChange: true, stamps: 'none' } as const
    await simulate({
      ...odd,
      out: night,
      survey: 'ztf',
      scale: 0.003,
      seed: 5,
      inject: { kilonova: 20 }
    })
    const packets = readArchive(night).map(({ bytes }) => bytes)
    await send(kafka, input, packets)
    await drain({ kafka, lake, topics: input.topic, group: GROUP })
    records = ledgerOf(lake)
  })

  const truthOf = (place: string, ...more: string[]) =>
    siskin(['truth', '--lake', place, '--truth', join(folder, 'night.truth.parquet'), ...more])

  /** Writes the ledger anew, with other accounts of the files. */
  const rewrite = (fileOf: (file: PartFile) => PartFile) => {
    for (const record of records) {
      const path = join(lake, ledgerPath(record.source, record.first, record.last))
      writeFileSync(path, JSON.stringify({ ...record, files: record.files.map(fileOf) }))
    }
  }

  test('is that of a run over the same night, in every topic', async () => {
    const run = join(folder, 'run')
    await siskin(['run', night, '--lake', run])
    const ofRun = JSON.parse((await truthOf(run, '--json')).stdout) as TruthReport
    const selected = ofRun.topics.reduce((sum, topic) => sum + topic.selected, 0)
    expect(selected).toBeGreaterThan(20)
    const sum = (count: (record: PartRecord) => number) =>
      records.reduce((all, record) => all + count(record), 0)
    expect(sum(({ duplicates }) => duplicates)).toBeGreaterThan(3)
    expect(sum(({ received, alerts }) => received - alerts)).toBeGreaterThan(6)
    expect(JSON.parse((await truthOf(lake, '--json')).stdout)).toEqual(ofRun)
  })

  test('is the same once its nights are closed', async () => {
    const closed = join(folder, 'closed')
    cpSync(lake, closed, { recursive: true })
    await closeAll(openStore(closed))
    const [here, there] = await Promise.all([truthOf(lake, '--json'), truthOf(closed, '--json')])
    expect(JSON.parse(there.stdout)).toEqual(JSON.parse(here.stdout))
  })

  test('says how much it cannot count, where the ledger does not name the packets', async () => {
    rewrite(({ path, kind, bytes, rows, crc32 }) => ({ path, kind, bytes, rows, crc32 }))
    const filters = records.flatMap((record) => Object.values(record.filters))
    const all = filters.reduce((sum, { published }) => sum + published, 0)
    const { stdout } = await truthOf(lake)
    expect(stdout).toContain(`not counted: ${amount(all, 'alert')} that a stream selected`)
  })

  test('a ledger that does not name the message of every packet is no good account', async () => {
    rewrite((file) => (file.kind === 'packets' ? { ...file, places: '0' } : file))
    const { differences } = await verdictOf(lake)
    const [{ part, files }] = records as [PartRecord]
    const { path, rows } = files.find(({ kind }) => kind === 'packets')!
    expect(differences).toContain(
      `part ${part}: packets and offsets named of ${path}: ${rows} and 1`
    )
    rewrite((file) => file)
    expect(await verdictOf(lake)).toMatchObject({ ok: true })
  })

  test('nights may be closed while a stream adds to them: it goes on, and Kafka and the lake agree', async () => {
    const store = openStore(lake)
    await closeAll(store)
    const more = join(folder, 'more.tar')
    await simulate({ out: more, survey: 'ztf', scale: 0.003, seed: 6, stamps: 'none' })
    await send(
      kafka,
      input,
      readArchive(more).map(({ bytes }) => bytes)
    )
    const streaming = drain({ kafka, lake, topics: input.topic, group: GROUP })
    const over = streaming.then(() => true)
    while (!(await Promise.race([over, delay(100, false)]))) {
      expect((await closeAll(store)).flatMap(({ broken }) => broken)).toEqual([])
    }
    expect((await closeAll(store)).map(({ waiting }) => waiting)).toEqual([0])
    expect(
      (await store.list('ztf/alerts')).every(({ path }) => path.includes('/closed-ztf-'))
    ).toBe(true)
    expect(await verdictOf(lake)).toMatchObject({ ok: true, differences: [] })
  })

  test('the stream ended with the command that verifies the lake', async () => {
    const where = ['--brokers', kafka.bootstrap, '--group', GROUP, '--out-prefix', `${GROUP}-`]
    const what = ['--topics', input.topic, '--lake', lake, '--until-idle', '1']
    const { stdout } = await siskin(['stream', ...where, ...what])
    const [, command = ''] = /^verify {2}siskin (.*)$/m.exec(stdout) ?? []
    expect(command.split(' ')).toEqual(['verify', '--lake', lake, ...where])
    expect((await siskin(command.split(' '))).stdout).toContain('is whole')
  })
})
