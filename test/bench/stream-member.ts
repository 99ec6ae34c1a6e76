import { makePlan } from '../../engine/enrich/plan.ts'
import { runMemberProcess } from '../../engine/stream/member/process.ts'
import { modules } from '../../science-modules/registry.ts'
import { manyFilters } from './filters.ts'

// A member of the benchmark's live stream: its filters are told by their number alone.
runMemberProcess({
  plan: ({ filters }) => makePlan(modules, manyFilters(Number(filters?.[0]))),
  worker: new URL('./stream-worker.ts', import.meta.url)
})
