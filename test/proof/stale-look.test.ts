import { dirname } from 'node:path/posix'
import { expect, test } from 'vitest'
import { foreign } from '../../engine/verify/file-check.ts'
import type { Finding } from '../../engine/verify/finding.ts'
import { ledgerPath, partPath } from '../../engine/lake/ledger.ts'
import { localStore } from '../../engine/store/local.ts'
import { repairFolder } from '../../engine/lake/repair-folder.ts'
import { jsonBytes } from '../../engine/store/replace-file.ts'
import { RunClaim } from '../../engine/lake/run-claim.ts'
import { fillGap } from '../../engine/repair/fill-gap.ts'
import { repair } from '../../engine/repair/repair.ts'
import type { Outcome } from '../../engine/repair/repair.ts'
import { Claims } from '../../engine/repair/workshop.ts'
import type { Workshop } from '../../engine/repair/workshop.ts'
import { temporaryFolder } from '../support/siskin.ts'

const [source, first, last] = ['night-0a1b2c', 20, 39]
const path = `ztf/alerts/night=20260110/${partPath(source, first, last)}.parquet`
const record = {
  part: 'p',
  source,
  first,
  last,
  attempt: 'run2/0',
  files: [{ path, kind: 'alerts', bytes: 1, rows: 1, crc32: '' }]
}
const ledger = ledgerPath(source, first, last)

/** A lake with one file, and a repair that is to look at it. */
async function begun(file = path) {
  const store = localStore(temporaryFolder())
  await store.write(file, [Buffer.from('x')])
  const claims = new Claims(store, 'test')
  const shop = { store, kafka: null, marks: null, claims } as unknown as Workshop
  const outcomes: Outcome[] = []
  /** `meanwhile`: what others do once it has looked. */
  const mend = async (found: readonly Finding[], meanwhile: () => Promise<unknown>) => {
    const findings = [...found]
    await repair({
      shop,
      look: async (onFinding) => findings.splice(0).forEach(onFinding),
      agree: async () => {
        await meanwhile()
        return true
      },
      onOutcome: (outcome) => outcomes.push(outcome)
    })
    await claims.release()
    return outcomes
  }
  return { store, mend, shop }
}

test.each([path, dirname(path)])(
  'a part that came to name %s since the look keeps it',
  async (found) => {
    const { store, mend } = await begun()
    const enter = () => store.write(ledger, [jsonBytes(record)])
    expect(await mend([foreign(found)], enter)).toMatchObject([
      { done: expect.stringContaining('left alone') }
    ])
    expect([await store.size(path), await store.list('_siskin/foreign')]).toEqual([1, []])
  }
)

test('of a folder only what is still of no part is moved', async () => {
  const { store, mend } = await begun()
  const stray = path.replace('.parquet', '-x.parquet')
  await store.write(stray, [])
  const enter = () => store.write(ledger, [jsonBytes(record)])
  expect(await mend([foreign(dirname(path))], enter)).toMatchObject([{ done: 'moved aside' }])
  expect([await store.size(path), await store.size(stray)]).toEqual([1, null])
})

test('a run that has begun since the look has its source to itself', async () => {
  const { store, mend } = await begun()
  const runs: RunClaim[] = []
  const [outcome] = await mend([foreign(path)], async () =>
    runs.push(await RunClaim.take(store, source, 'siskin run'))
  )
  expect(outcome).toMatchObject({ done: null, why: expect.stringContaining('is being taken into') })
  expect(await store.size(path)).toBe(1)
  for (const run of runs) await run.release()
})

test('a record that was written anew since the look stays', async () => {
  const { store, mend } = await begun(ledger)
  const finding = { kind: 'record', source, path: ledger, text: 'bad', isDifference: true } as const
  const renew = async () => {
    await store.remove(ledger)
    await store.write(ledger, [jsonBytes(record)])
  }
  expect(await mend([finding], renew)).toMatchObject([
    { done: 'it can be read by now: left alone' }
  ])
  expect(await store.size(ledger)).toBeGreaterThan(10)
})

test('a gap that a run has filled since the look, cut otherwise, is not filled again', async () => {
  const { store, shop } = await begun()
  await store.write(ledger, [jsonBytes(record)])
  const gap = { source, first: 10, last: 25, isStream: false }
  await expect(fillGap(shop, gap, 'archive')).rejects.toThrow(
    '20 to 39 of night-0a1b2c are in the lake by now'
  )
})

test('what only Kafka knows is named, and the rest is mended without it', async () => {
  const { store, mend } = await begun('stray.txt')
  const staged = { ...record, source: 'live-0', attempt: 'repair3/0', files: [], stream: {} }
  await store.write(`${repairFolder(staged)}/record.json`, [jsonBytes(staged)])
  const other = { ...staged, source: 'live-1', stream: undefined }
  await store.write(`${repairFolder(other)}/record.json`, [jsonBytes(other)])
  const outcomes = await mend([], async () => {})
  expect(outcomes).toMatchObject([
    { done: '1 part of it is finished or removed' },
    {
      done: null,
      why: expect.stringContaining('--brokers'),
      what: expect.stringContaining('live-0 20 to 39')
    }
  ])
  const again = await begun('stray.txt')
  await again.store.write(`${repairFolder(staged)}/record.json`, [jsonBytes(staged)])
  const left = await again.mend([foreign('stray.txt')], async () => {})
  expect(left).toMatchObject([{ done: null }, { done: 'moved aside' }])
  expect(await again.store.size(`${repairFolder(staged)}/record.json`)).toBeGreaterThan(1)
})
