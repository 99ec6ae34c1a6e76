import { expect, test } from 'vitest'
import { defineModule, float64, id, nearest, number, text, utf8 } from '#contract'
import { goldenAlerts, silentAlert } from './alerts.ts'
import { batchOf, outputsOf } from './batch.ts'
import { askedBy } from './made-up.ts'

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
