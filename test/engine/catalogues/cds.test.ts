import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { AnswerBook } from '../../../engine/catalogues/cds/answer-book.ts'
import { askCds } from '../../../engine/catalogues/cds/ask-cds.ts'
import { Breaker } from '../../../engine/catalogues/cds/breaker.ts'
import { cdsTable } from '../../../engine/catalogues/cds/open.ts'
import { random } from '../../support/random.ts'
import { temporaryFolder } from '../../support/siskin.ts'
import { moved } from '../../support/skies.ts'
import { XmatchService } from '../../support/xmatch-service.ts'
import type { Trouble } from '../../support/xmatch-service.ts'

const folder = temporaryFolder()
const service = new XmatchService()
const rng = random(5)
const count = 300
const ra = Array.from({ length: count }, () => 360 * rng())
const dec = Array.from({ length: count }, () => 60 * rng() - 30)
const wanted = new Map([
  ['main_type', 'text'],
  ['rvz_redshift', 'number']
] as const)

beforeAll(async () => {
  service.tables.set('simbad', {
    ra,
    dec,
    main_type: ra.map((_, i) => (i % 2 ? 'RRLyrae' : ' LongPeriodV* ')),
    rvz_redshift: ra.map((_, i) => (i % 3 ? i / 1000 : ''))
  })
  await service.start()
})
afterAll(() => service.stop())
beforeEach(() => {
  service.trouble = null
  service.calls.length = 0
})

let books = 0

function asking(over: { readonly book?: string; readonly budget?: number } = {}) {
  const told: string[] = []
  const path = join(folder, over.book ?? `book${books++}.sqlite`)
  const asked = askCds({
    name: 'simbad',
    table: cdsTable(`cds:simbad ${service.address}`)!,
    book: (radius) => new AnswerBook(path, `test ${radius}`, radius),
    columns: ['main_type', 'rvz_redshift'],
    budget: over.budget ?? 20_000,
    warn: (text) => told.push(text)
  })
  return { asked, told }
}

/** Half of the objects, 0.3 arcsec beside them; places where nothing is; and an alert without a place. */
const near = Array.from({ length: count / 2 }, (_, i) => moved(ra[i]!, dec[i]!, 0.3 / 3600, i))
const empty = Array.from({ length: 50 }, (_, i): [number, number] => [i, 70])
const all = [...near, ...empty]
const positions = {
  ra: Float64Array.from([...all.map(([own]) => own), Number.NaN]),
  dec: Float64Array.from([...all.map(([, own]) => own), 0])
}

async function statusOf(
  asked: ReturnType<typeof asking>['asked']
): Promise<Record<string, number>> {
  const matches = await asked.nearest(positions, { radius: 1 }, wanted)
  const counts: Record<string, number> = {}
  for (let row = 0; row < positions.ra.length; row++) {
    const status = matches.status(row)
    counts[status] = (counts[status] ?? 0) + 1
  }
  return counts
}

test('a batch is one call; found, none, values and separation are those of the table', async () => {
  const { asked, told } = asking()
  const matches = await asked.nearest(positions, { radius: 1 }, wanted)
  expect(service.calls).toEqual([all.length])
  for (let row = 0; row < near.length; row++) {
    expect(matches.status(row)).toBe('found')
    expect(matches.separation(row)).toBeCloseTo(0.3, 5)
    expect(matches.value('main_type', row)).toBe(row % 2 ? 'RRLyrae' : 'LongPeriodV*')
    expect(matches.value('rvz_redshift', row)).toBe(row % 3 ? row / 1000 : null)
  }
  for (let row = near.length; row <= all.length; row++) {
    expect(matches.status(row)).toBe('none')
    expect([matches.separation(row), matches.value('main_type', row)]).toEqual([null, null])
  }
  expect(told).toEqual([])
})

test('what was asked is not asked again, by others neither, and not where an object is seen a little beside', async () => {
  const { asked } = asking({ book: 'kept.sqlite' })
  await asked.nearest(positions, { radius: 1 }, wanted)
  const beside = near.map(([r, d], i) => moved(r, d, 0.1 / 3600, 2 * i))
  const again = {
    ra: Float64Array.from(beside, ([r]) => r),
    dec: Float64Array.from(beside, ([, d]) => d)
  }
  const other = asking({ book: 'kept.sqlite' })
  const matches = await other.asked.nearest(again, { radius: 1 }, wanted)
  expect(service.calls).toEqual([all.length])
  expect(beside.every((_, row) => matches.status(row) === 'found')).toBe(true)
})

test.each<[Trouble, RegExp]>([
  [{ kind: 'status', status: 500 }, /answers 500: Service trouble/],
  [{ kind: 'status', status: 503 }, /answers 503/],
  [{ kind: 'status', status: 429 }, /answers 429/],
  [{ kind: 'cut' }, /does not answer/],
  [{ kind: 'no-end' }, /is damaged: it breaks off/],
  [{ kind: 'no-csv' }, /is damaged/],
  [{ kind: 'other-rows' }, /is damaged: a row is none of ours/]
])(
  '%j: all are unavailable, said once, and known when it is well again',
  async (trouble, message) => {
    const { asked, told } = asking()
    service.trouble = trouble
    expect(await statusOf(asked)).toEqual({ unavailable: all.length, none: 1 })
    expect(await statusOf(asked)).toEqual({ unavailable: all.length, none: 1 })
    expect(told).toEqual([expect.stringMatching(message)])
    service.trouble = null
    expect(await statusOf(asked)).toEqual({ found: near.length, none: empty.length + 1 })
  }
)

test('rows in another order are the same answer', async () => {
  service.trouble = { kind: 'reordered' }
  expect(await statusOf(asking().asked)).toEqual({ found: near.length, none: empty.length + 1 })
})

test('a slow service costs a batch its budget; the answer is there for the next', async () => {
  const { asked } = asking({ budget: 50 })
  service.trouble = { kind: 'slow', ms: 400 }
  expect(await statusOf(asked)).toEqual({ unavailable: all.length, none: 1 })
  await expect.poll(() => service.calls.length).toBe(1)
  service.trouble = null
  await expect.poll(() => statusOf(asked)).toEqual({ found: near.length, none: empty.length + 1 })
  expect(service.calls).toEqual([all.length])
})

test('who does not answer again and again is left alone for a while, then tried once', () => {
  let now = 0
  const breaker = new Breaker(() => now)
  for (let i = 0; i < 3; i++) {
    expect(breaker.mayAsk()).toBe(true)
    breaker.failed()
  }
  expect(breaker.mayAsk()).toBe(false)
  now = 30_000
  expect([breaker.mayAsk(), breaker.mayAsk()]).toEqual([true, false])
  breaker.failed()
  now += 59_000
  expect(breaker.mayAsk()).toBe(false)
  now += 1000
  expect(breaker.mayAsk()).toBe(true)
  breaker.succeeded()
  expect([breaker.mayAsk(), breaker.mayAsk()]).toEqual([true, true])
})

test('tables of the CDS are named', () => {
  expect(cdsTable('cds:vizier:I/355/gaiadr3')).toMatchObject({ table: 'vizier:I/355/gaiadr3' })
  expect(cdsTable('cds:simbad http://localhost:1/sync')).toEqual({
    table: 'simbad',
    service: 'http://localhost:1/sync'
  })
  expect(cdsTable('/data/gaia')).toBe(null)
})
