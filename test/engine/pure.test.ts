import { expect, test } from 'vitest'
import { defineFilter, defineModule, float64, number } from '#contract'
import { ModuleRunner } from '../../engine/enrich/run-module.ts'
import { select } from '../../engine/publish/select.ts'
import { Enriched } from '../../engine/table/enriched.ts'
import { ReaderSet } from '../../engine/table/readers.ts'
import { pure } from '../../engine/pure.ts'
import { goldenAlerts } from '../conformance/alerts.ts'
import { tableOf } from '../conformance/batch.ts'

const ROWS = 4
const batch = () => new Enriched(tableOf('ztf', goldenAlerts('ztf', ROWS)))

const ASKED: [string, () => unknown][] = [
  ['Date.now()', () => Date.now()],
  ['new Date() without a time', () => new Date()],
  ['Math.random()', () => Math.random()],
  ['performance.now()', () => performance.now()],
  ['fetch', () => fetch('http://127.0.0.1:1')],
  ['process', () => process.pid],
  ['setTimeout', () => setTimeout(() => {}, 1)],
  ['setInterval', () => setInterval(() => {}, 1)],
  ['queueMicrotask', () => queueMicrotask(() => {})],
  ['crypto', () => crypto.randomUUID()],
  ['WebSocket', () => new WebSocket('ws://127.0.0.1:1')]
]

test.each(ASKED)('%s: a module that asks for it fails, and says so', async (name, ask) => {
  const said: string[] = []
  const module = defineModule({
    name: 'asks',
    version: '1.0.0',
    about: 'For tests only.',
    owner: '@owner',
    requires: { mjd: number('mjd', 'd') },
    produces: { value: float64('', 'A number.') },
    run: ({ rows }) => ({ value: Array.from({ length: rows }, () => Number(ask())) })
  })
  const own = batch()
  await new ModuleRunner((_, message) => said.push(message)).run(
    module,
    own,
    new ReaderSet(own),
    false
  )
  expect(own.runs[0]!.statuses).toEqual({ 'failed:threw': ROWS })
  expect(said[0]).toContain(`module asks (@owner): it threw: ${name} in a module or filter`)
})

test.each(ASKED)('%s: a filter that asks for it selects nothing, and says so', (name, ask) => {
  const said: string[] = []
  const filter = defineFilter({
    name: 'asks',
    version: '1.0.0',
    topic: 'asks',
    about: 'For tests only.',
    owner: '@owner',
    requires: {},
    uses: {},
    keep: () => () => Number(ask()) >= 0
  })
  const [selected] = select([filter], batch(), (message) => said.push(message))
  expect(selected).toMatchObject({ rows: [], failed: ROWS })
  expect(said[0]).toContain(`filter asks (@owner): ${name} in a module or filter`)
})

test('a given time is no clock, and all is as it was afterwards', () => {
  const before = [Date, Date.now, Math.random]
  const year = pure(() => [
    new Date(Date.UTC(2026, 0, 10)).getUTCFullYear(),
    new Date('2026-01-10') instanceof Date,
    Date.parse('2026-01-10T00:00Z')
  ])
  expect(year).toEqual([2026, true, 1768003200000])
  expect(() => pure(() => JSON.parse('{'))).toThrow(SyntaxError)
  expect([Date, Date.now, Math.random]).toEqual(before)
  expect(performance.now()).toBeGreaterThan(0)
})
