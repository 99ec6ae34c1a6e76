import { makePlan } from '../engine/enrich/plan.ts'
import { runMemberProcess } from '../engine/stream/process.ts'
import { pickFilters, pickModules } from './registries.ts'

// A member finds its modules by name, since functions do not travel between processes.
runMemberProcess({
  plan: ({ modules, filters }) => makePlan(pickModules(modules), pickFilters(filters)),
  worker: new URL('./stream-worker.ts', import.meta.url)
})
