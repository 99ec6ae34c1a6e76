import { describe, expect, test } from 'vitest'
import { indexFiles, writeIndex } from '../../../engine/duplicates/index-files.ts'
import { keepMarks, Marks } from '../../../engine/duplicates/marks.ts'
import { attemptFolder, attemptsAt } from '../../../engine/lake/two-phase-commit.ts'
import { isOfPart } from '../../../engine/verify/file-check.ts'
import { committedSpans, ledgerPath, partPath, spanOfPart } from '../../../engine/lake/ledger.ts'
import { localStore } from '../../../engine/store/local.ts'
import { repairFolder } from '../../../engine/lake/repair-folder.ts'
import { jsonBytes } from '../../../engine/store/replace-file.ts'
import { recoverRepairs } from '../../../engine/repair/land.ts'
import { temporaryFolder } from '../../support/siskin.ts'

const NAMES = [
  'live-0',
  '20260110-0',
  'run3',
  'repair3',
  'g1-x-0',
  '0000000000-0000000009',
  '0000000000-0000000009-0000000010-0000000019',
  '7-000000',
  'ночь α-0',
  'a b.json-1',
  'x.0-9.1-2.20260110.ids'
]
const [first, last] = [5000, 5009]

describe.each(NAMES)('a source that is called %s', (source) => {
  const store = localStore(temporaryFolder())
  const path = `ztf/alerts/night=20260110/${partPath(source, first, last)}.parquet`
  const attempt = 'repair3/0'
  const files = [{ path, kind: 'alerts', bytes: 1, rows: 1, crc32: '' }]
  const record = { part: 'p', source, first, last, attempt, files }

  test('is told from a path of a part', async () => {
    expect(spanOfPart(path)).toEqual({ first, last })
    await store.write(ledgerPath(source, first, last), [jsonBytes(record)])
    expect(await committedSpans(store, source)).toEqual([[first, last]])
    expect(await isOfPart(store, path.slice(0, path.lastIndexOf('/')))).toBe(true)
  })

  test.each(['run7/12', 'g31-5f0c-4', 'g1-0000000003-4'])(
    'and from what lies staged as %s',
    async (name) => {
      const own = { source, attempt: name, first, last }
      await store.write(`${attemptFolder(own)}/${path}`, [])
      const found = (await attemptsAt(store, source)).filter((one) => one.attempt === name)
      expect(found).toEqual([
        { folder: attemptFolder(own), attempt: name, first, last, hasRecord: false }
      ])
    }
  )

  test('and from a repair that was cut off: what it had entered is put in its place', async () => {
    await store.write(`${repairFolder(record)}/${path}`, [Buffer.from('x')])
    expect(await recoverRepairs(store, () => true)).toBe(1)
    expect([await store.size(path), await store.list('_siskin/repair')]).toEqual([1, []])
  })

  test('and from a file of the index', async () => {
    const marks = keepMarks(new Map([['ztf/20260110', Marks.of(Uint32Array.from([7, 1, 3]))]]))
    const [file] = await writeIndex(store, source, [
      { first, last, started: '2026-01-10T00:00:00Z', marks }
    ])
    const found = (await indexFiles(store, 'ztf/20260110')).find((one) => one.path === file!.path)
    expect(found).toMatchObject({ source, first, last })
  })
})
