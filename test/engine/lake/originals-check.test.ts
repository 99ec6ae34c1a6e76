import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { beginList, markBehind } from '../../../engine/duplicates/behind.ts'
import { setIndexedUpTo, writeIndex } from '../../../engine/duplicates/index-files.ts'
import { keepMarks, Marks } from '../../../engine/duplicates/marks.ts'
import type { Finding } from '../../../engine/verify/finding.ts'
import { ledgerPath } from '../../../engine/lake/ledger.ts'
import type { PartRecord } from '../../../engine/lake/ledger.ts'
import { localStore } from '../../../engine/store/local.ts'
import { Originals } from '../../../engine/verify/originals-check.ts'
import { jsonBytes } from '../../../engine/store/replace-file.ts'
import type { Store } from '../../../engine/store/store.ts'
import { temporaryFolder } from '../../support/siskin.ts'

const NIGHT = 'ztf/20260112'
const MIB = 1024 * 1024

function marksOf(first: number, count: number) {
  const words = Array.from({ length: count }, (_, i) => [first + i, 7, 1]).flat()
  return keepMarks(new Map([[NIGHT, Marks.of(Uint32Array.from(words))]]))
}

function part(source: string, first: number, kind: 'marks' | 'copies', count: number) {
  const span = { source, first, last: first + count - 1 }
  const own = {
    part: `${source}-${first}`,
    attempt: 'run1/0',
    files: [],
    started: '2026-01-12T08:00:00Z'
  }
  return { ...own, ...span, [kind]: marksOf(first, count) } as unknown as PartRecord
}

test.each([
  { marks: 25, parts: 100 },
  { marks: 1000, parts: 2 },
  { marks: 1000, parts: 100 }
])(
  'in however many passes (%o), each duplicate whose original is in no part is named once',
  async (pass) => {
    const store = localStore(temporaryFolder())
    const findings: Finding[] = []
    const originals = new Originals(store, (finding) => findings.push(finding), true, pass)
    for (let first = 0; first < 100; first += 10) {
      const copy = part('copy', first, 'copies', 10)
      const parts = first === 30 ? [copy] : [copy, part('night', first, 'marks', 10)]
      for (const one of parts) {
        await store.write(ledgerPath(one.source, one.first, one.last), [jsonBytes(one)])
      }
    }
    for (let first = 0; first < 100; first += 10) {
      await originals.add(part('copy', first, 'copies', 10))
    }
    await originals.finish()
    expect(findings).toMatchObject([
      { kind: 'orphan', record: { source: 'copy', first: 30, last: 39 }, isDifference: true }
    ])
    expect(findings[0]!.text).toContain('part copy-30: the originals of 10 of its duplicates')
  }
)

test('an archive that was taken in again is held in little memory', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const used = () => {
    collect()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return (heapUsed + arrayBuffers) / MIB
  }
  const store = localStore(temporaryFolder())
  const originals = new Originals(store, () => {}, true, { marks: 20_000, parts: 1000 })
  const before = used()
  for (let i = 0; i < 1000; i++) await originals.add(part('copy', i * 1000, 'copies', 1000))
  const perRecord = JSON.stringify(part('copy', 0, 'copies', 1000)).length
  expect((perRecord * 1000) / MIB).toBeGreaterThan(15) // that of their records alone
  expect(used() - before).toBeLessThan(5)
})

test('without --deep the index tells, and the ledger is read only where an original is in neither', async () => {
  const store = localStore(temporaryFolder())
  let read: string[] = []
  const watched: Store = {
    ...store,
    read(path, ...span) {
      read.push(path)
      return store.read(path, ...span)
    }
  }
  const land = async (own: PartRecord) => {
    await store.write(ledgerPath(own.source, own.first, own.last), [jsonBytes(own)])
  }
  for (let night = 0; night < 50; night++) {
    const record = part(`night-${night}`, night * 1000, 'marks', 10)
    await land(record)
    await writeIndex(store, record.source, [record])
    await setIndexedUpTo(store, record.source, record.last + 1)
  }
  await beginList(store)
  await markBehind(store, 'young', '1')
  await land(part('young', 7_000_000, 'marks', 10))
  const findings: Finding[] = []
  const look = async (first: number) => {
    const copy = part('copy', first, 'copies', 10)
    await land(copy)
    read = []
    const originals = new Originals(watched, (finding) => findings.push(finding), false)
    await originals.add(copy)
    await originals.finish()
    return read.filter((path) => path.includes('/ledger/')).length
  }
  expect([await look(3000), await look(7_000_000)]).toEqual([0, 1])
  expect(findings).toEqual([])
  expect(await look(8_000_000)).toBeGreaterThan(50)
  expect(findings).toMatchObject([{ kind: 'orphan', record: { source: 'copy', first: 8_000_000 } }])
})
