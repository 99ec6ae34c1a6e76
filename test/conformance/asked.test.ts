import { describe, expect, test } from 'vitest'
import type { Filter, LookupStatus } from '#contract'
import { defineFilter, defineModule, float64, id, nearest, number, text, utf8 } from '#contract'
import { goldenAlerts, silentAlert } from './alerts.ts'
import { batchOf, outputsOf } from './batch.ts'
import { kept, keptUnasked } from './kept.ts'
import { askedBy, LOOKUP_STATUSES } from './made-up.ts'

const module = defineModule({
  name: 'asking',
  version: '1.0.0',
  about: 'Asks for more than it uses.',
  owner: '@test',
  requires: {},
  lookups: {
    stars: nearest('stars', 1.5, {
      type: text('type'),
      mag: number('mag', 'mag'),
      gaia: id('gaia')
    }),
    hosts: nearest('hosts', 60, {})
  },
  stamps: ['science', 'difference'],
  produces: {
    type: utf8('Type. Null where there is none.'),
    answer: utf8('Answer.'),
    pixel: float64('', 'A pixel. Null without a stamp.'),
    apart: float64('arcsec', 'How far. Null where there is none.')
  },
  run({ rows, lookups: { stars, hosts }, stamps }) {
    const all = Array.from({ length: rows }, (_, row) => row)
    return {
      type: all.map((row) => stars.type.at(row)),
      answer: all.map((row) => stars.status.at(row)),
      pixel: all.map((row) => stamps.difference.at(row)?.pixels[0] ?? null),
      apart: all.map((row) => hosts.separation.at(row))
    }
  }
})
const alerts = goldenAlerts('ztf', 60)
const says = (noisy = '') => outputsOf(module, batchOf('ztf', alerts, [], noisy))

test('catalogues answer in every way they can, texts and nulls among what is found', async () => {
  const { 'asking.answer': answer, 'asking.type': type } = await says()
  expect(new Set(answer)).toEqual(new Set(['found', 'none', 'not-covered', 'unavailable']))
  const found = type!.filter((_, row) => answer![row] === 'found')
  expect(found).toContain(null)
  expect(found).toContain('EA')
  expect(type!.filter((one, row) => one !== null && answer![row] !== 'found')).toEqual([])
})

test('where no place is nothing is found', async () => {
  const silent = batchOf('ztf', [silentAlert('ztf')], [])
  expect((await outputsOf(module, silent))['asking.answer']).toEqual(['none'])
})

test('what is asked for and not used is told from what is', async () => {
  const usual = await says()
  const used: string[] = []
  for (const asked of askedBy(module)) {
    if (JSON.stringify(await says(asked)) !== JSON.stringify(usual)) used.push(asked)
  }
  expect(askedBy(module)).toHaveLength(6)
  expect(used).toEqual(['stamps.difference', 'stars.type', 'hosts'])
})

test.each(LOOKUP_STATUSES)('all of them may be "%s"', async (only) => {
  const batch = batchOf('ztf', alerts, [], '', only)
  expect(new Set((await outputsOf(module, batch))['asking.answer'])).toEqual(new Set([only]))
})

describe('a filter that asks a catalogue', () => {
  const asking = (keeps: (status: LookupStatus | null) => boolean) =>
    defineFilter({
      name: 'asking',
      version: '1.0.0',
      topic: 'asking',
      about: 'Asks.',
      owner: '@test',
      requires: { id: id('alert_id') },
      lookups: { stars: nearest('stars', 1.5, { type: text('type') }) },
      uses: {},
      keep:
        ({ lookups: { stars } }) =>
        (row) =>
          keeps(stars.status.at(row))
    }) as unknown as Filter
  const seen = new Set<LookupStatus | null>()
  const strange = asking((status) => seen.add(status) && status === 'none')
  const careless = asking((status) => status !== 'found')

  test('gets answers of every kind, others where they are made to be', () => {
    const rows = kept(strange, 'ztf', alerts)
    expect(seen).toEqual(new Set(LOOKUP_STATUSES))
    expect(rows.length).toBeGreaterThan(0)
    expect(kept(strange, 'ztf', alerts, { noisy: 'stars' })).not.toEqual(rows)
    expect(askedBy(strange)).toEqual(['stars.type'])
  })

  test('and takes silence for a no, is told from one that does not', () => {
    for (const only of ['not-covered', 'unavailable'] as const) {
      expect(keptUnasked(strange, 'ztf', alerts, only)).toEqual([])
      expect(keptUnasked(careless, 'ztf', alerts, only)).toHaveLength(alerts.length)
    }
  })
})
