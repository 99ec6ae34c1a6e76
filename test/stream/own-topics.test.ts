import { expect, test } from 'vitest'
import { makePlan } from '../../engine/enrich/plan.ts'
import type { OutputSettings, StreamSettings } from '../../engine/stream/common/settings.ts'
import { ownTopics } from '../../engine/stream/common/topics.ts'
import { filters } from '../../filters/registry.ts'
import { modules } from '../../science-modules/registry.ts'

const plan = makePlan(modules, filters)
const topic = filters[0]!.topic
const fink = `${filters[0]!.name}_ztf`

function isOwn(output: Partial<OutputSettings>): (topic: string) => boolean {
  const settings = { surveys: ['ztf', 'lsst'], output: { finkPrefix: null, ...output } }
  return ownTopics(settings as unknown as StreamSettings, plan)
}

test('a stream knows what it writes, so that its patterns never match it', () => {
  const usual = isOwn({ prefix: 'siskin-' })
  const own = [`siskin-${topic}`, 'siskin-schemas', `fink_${fink}`]
  expect(own.filter(usual)).toEqual(own)
  const plain = isOwn({ prefix: '', finkPrefix: 'x.' })
  expect([topic, 'schemas', `x.${fink}`].every(plain)).toBe(true)
  for (const name of ['ztf_20260110_programid1', 'lsst-alerts-v10', 'night']) {
    expect([usual(name), plain(name)], name).toEqual([false, false])
  }
})
