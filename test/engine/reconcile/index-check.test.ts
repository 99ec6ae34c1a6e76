import { expect, test } from 'vitest'
import { IndexWriter } from '../../../engine/duplicates/index-writer.ts'
import { keepMarks, Marks } from '../../../engine/duplicates/marks.ts'
import { ledgerPath } from '../../../engine/lake/ledger.ts'
import type { PartRecord } from '../../../engine/lake/ledger.ts'
import { localStore } from '../../../engine/store/local.ts'
import { jsonBytes } from '../../../engine/store/replace-file.ts'
import type { Store } from '../../../engine/store/store.ts'
import { IndexCheck } from '../../../engine/reconcile/index-check.ts'
import { temporaryFolder } from '../../support/siskin.ts'

const SOURCE = 'live-0'
const STREAM = { parts: 64, marks: 20_000, gapless: false }

async function land(store: Store, first: number): Promise<PartRecord> {
  const listOf = (digest: number) => Marks.of(Uint32Array.of(first, 7, digest))
  const lists = [1, 2].map((day) => [`ztf/2026011${day}`, listOf(day)] as const)
  const marks = keepMarks(new Map(lists))
  const span = { source: SOURCE, first, last: first, started: '2026-01-12T08:00:00.000Z' }
  const record = { ...span, alerts: 2, marks, stream: {} } as unknown as PartRecord
  await store.write(ledgerPath(SOURCE, first, first), [jsonBytes(record)])
  return record
}

test('beside a stream that lands hundreds of parts while it is looked at, its index is not behind', async () => {
  const store = localStore(temporaryFolder())
  const writer = await IndexWriter.open(store, SOURCE, STREAM)
  const step = async (first: number) => {
    const record = await land(store, first)
    writer.add(record)
    await writer.write()
    return record
  }
  const before: PartRecord[] = []
  for (let first = 0; first < 70; first++) before.push(await step(first))
  const check = await IndexCheck.open(store)
  for (const record of before) check.take(record)
  for (let first = 70; first < 370; first++) check.take(await step(first))
  expect(await check.findings(true, new Map(), new Set())).toEqual([])
})

test('a stream that does not write its index is behind after 80 parts', async () => {
  const store = localStore(temporaryFolder())
  const check = await IndexCheck.open(store)
  for (let first = 0; first < 80; first++) check.take(await land(store, first))
  expect(await check.findings(false, new Map(), new Set())).toEqual([])
  check.take(await land(store, 80))
  expect(await check.findings(false, new Map(), new Set())).toMatchObject([
    { isDifference: true, text: expect.stringMatching(/^162 alerts of source live-0 are not in/) }
  ])
})
