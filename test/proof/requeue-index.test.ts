import { expect, it } from 'vitest'
import { keepMarks, Marks } from '../../engine/duplicates/marks.ts'
import { SeenIndex } from '../../engine/duplicates/seen-index.ts'
import { ledgerPath, partName } from '../../engine/lake/ledger.ts'
import type { PartRecord } from '../../engine/lake/ledger.ts'
import { localStore } from '../../engine/store/local.ts'
import { LakeCopies } from '../../engine/repair/lake-copies.ts'
import { temporaryFolder } from '../support/siskin.ts'

const NIGHT = 'ztf/20260112'

function recordOf(source: string, first: number, last: number): PartRecord {
  const words = Array.from({ length: last - first + 1 }, (_, i) => [first + i, 7, 99]).flat()
  const marks = keepMarks(new Map([[NIGHT, Marks.of(Uint32Array.from(words))]]))
  const counts = { received: last - first + 1, alerts: last - first + 1, duplicates: 0 }
  const nothing = { quarantined: {}, nights: {}, modules: {}, filters: {}, files: [], seconds: {} }
  const made = { attempt: 'repair1/0', siskin: '0', started: '2026-01-12T00:00:00Z', marks }
  return {
    part: partName(source, first, last),
    source,
    first,
    last,
    ...counts,
    ...nothing,
    ...made
  }
}

it('requeued parts leave holes between them, and their alerts are known all the same', async () => {
  const store = localStore(temporaryFolder())
  const source = 'night-0123456789ab~1'
  const records = [recordOf(source, 0, 9), recordOf(source, 20, 29), recordOf(source, 30, 34)]
  for (const record of records) {
    const { first, last } = record
    await store.write(ledgerPath(source, first, last), [Buffer.from(JSON.stringify(record))])
  }
  const copies = await LakeCopies.open(store, () => {})
  await copies.enter(source, records)
  const marks = Marks.of(Uint32Array.from([0, 7, 99, 15, 7, 99, 22, 7, 99, 34, 7, 99]))
  const found = await new SeenIndex(store, { days: null, warn: () => {} }).look(NIGHT, marks)
  expect([...found]).toEqual([
    [0, 'copy'],
    [2, 'copy'],
    [3, 'copy']
  ])
})
