import { run } from '../../engine/run/run.ts'
import { isGuarded } from '../../jobs/run/guard.ts'
import { badPlan } from './bad-modules.ts'

// A run whose one module misbehaves, in the process of a guard: <archive> <lake> <module>
const [archive = '', lake = '', module = ''] = process.argv.slice(2)
await run({
  sources: [archive],
  lake,
  members: 2,
  cut: { packets: 12, bytes: 2 ** 30 },
  surveys: ['ztf', 'lsst'],
  schemas: null,
  modules: [module],
  filters: null,
  plan: badPlan([module], []),
  memberProgram: new URL('./bad-member.ts', import.meta.url),
  command: 'test',
  signal: new AbortController().signal,
  crash: null,
  isGuarded: isGuarded(),
  onProgress: () => {},
  onLog: () => {}
})
process.exit(0) // the channel to the guard would keep it alive
