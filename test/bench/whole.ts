import { rmSync } from 'node:fs'
import { makePlan } from '../../engine/enrich/plan.ts'
import { run } from '../../engine/run/run.ts'
import { modules } from '../../science-modules/registry.ts'
import { manyFilters } from './filters.ts'

// One run of the whole pipeline in a process of its own: archive, lake, members, filters.
const [archive = '', lake = '', members = '1', filters = '6'] = process.argv.slice(2)
const result = await run({
  sources: [archive],
  lake,
  members: Number(members),
  surveys: ['ztf', 'lsst'],
  schemas: null,
  modules: null,
  filters: [filters],
  plan: makePlan(modules, manyFilters(Number(filters))),
  memberProgram: new URL('./member.ts', import.meta.url),
  command: 'bench',
  signal: new AbortController().signal,
  crash: null,
  isGuarded: false,
  onProgress: () => {},
  onLog: (level, message) => console.error(`${level}: ${message}`)
})
rmSync(lake, { recursive: true, force: true })
const { tally, seconds, peakMemory } = result
const published = Object.values(tally.topics).reduce((sum, n) => sum + n, 0)
console.log(JSON.stringify({ alerts: tally.alerts, published, seconds, peakMemory }))
