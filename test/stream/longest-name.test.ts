import { basename } from 'node:path/posix'
import { expect, test } from 'vitest'
import { writeIndex } from '../../engine/duplicates/index-files.ts'
import { keepMarks, Marks } from '../../engine/duplicates/marks.ts'
import { stage } from '../../engine/lake/two-phase-commit.ts'
import { ledgerPath, partPath } from '../../engine/lake/ledger.ts'
import { localStore } from '../../engine/store/local.ts'
import { claimTopic, handOver } from '../../engine/lake/owners.ts'
import { jsonBytes } from '../../engine/store/replace-file.ts'
import { requeueSource } from '../../engine/lake/requeue-name.ts'
import { forgetAside, noteAside, readAside } from '../../engine/stream/common/aside.ts'
import { Bounds, countStrike } from '../../engine/stream/common/bounds.ts'
import { attemptName } from '../../engine/stream/commit/recovery.ts'
import { LONGEST_SOURCE } from '../../engine/kafka/partition.ts'
import { temporaryFolder } from '../support/siskin.ts'
import { recordOf } from '../protocol/parts.ts'

/** A hidden draft on HDFS has so many characters more than its file. */
const DRAFT = '.writing-0123456789ab-'.length

test('every file that the lake makes of the longest source, far out, has a name that file systems take', async () => {
  const store = localStore(temporaryFolder())
  const topic = 't'.repeat(LONGEST_SOURCE - 2)
  const source = `${topic}-0`
  const [first, last] = [9e15, 9e15 + 4999]
  const least = [0, 0x8ac7_2305, 7]
  const greatest = [0xffff_ffff, 0xffff_ffff, 7]
  const marks = keepMarks(
    new Map([['lsst/20260110', Marks.of(Uint32Array.from([...least, ...greatest]))]])
  )
  const started = '2026-01-10T00:00:00Z'
  for (const own of [source, requeueSource(source, 99_999)]) {
    const written = await writeIndex(store, own, [{ first, last, started, marks }])
    expect(written).toHaveLength(1)
    await store.write(ledgerPath(own, first, last), [jsonBytes({})])
    for (const file of [`${partPath(own, first, last)}-lsst.parquet`]) {
      await store.write(`lsst/alerts/night=20260110/${file}`, [jsonBytes({})])
    }
    const attempt = attemptName(1e9, '0123456789ab', 1e9)
    const { record, files } = recordOf({ source: own, first, last }, attempt)
    await stage(store, record, files, () => {})
  }
  await countStrike(store, { source, first, last }, 'death', 'it died')
  await noteAside(store, { source, reason: 'gone', detail: 'gone' })
  const owner = { cluster: 'c', group: 'g', topic, topicId: 'i', since: started }
  await claimTopic(store, owner)
  await handOver(store, owner)
  const names = (await store.list('')).map(({ path }) => path)
  expect(names.length).toBeGreaterThan(10)
  for (const path of names) {
    const room = path.endsWith('.ids') ? 0 : DRAFT // those are renamed into their place
    expect(basename(path).length + room, path).toBeLessThanOrEqual(255)
  }
})

test('partitions of the longest topics that Kafka takes are noted as standing aside, each for itself', async () => {
  const store = localStore(temporaryFolder())
  const [one, other] = ['a', 'b'].map((end) => `+_${'t'.repeat(247)}${end}-10000`) as [
    string,
    string
  ]
  for (const source of [one, other]) {
    await noteAside(store, { source, reason: 'unwritable', detail: 'its name' })
    expect((await Bounds.read(store, [source])).hopeless(source)).toBe(null)
  }
  expect([...(await readAside(store)).keys()].toSorted()).toEqual([one, other])
  for (const { path } of await store.list('')) {
    expect(basename(`${path}.0123456789ab.new`).length + DRAFT).toBeLessThanOrEqual(255)
  }
  await forgetAside(store, one)
  expect([...(await readAside(store)).keys()]).toEqual([other])
})
