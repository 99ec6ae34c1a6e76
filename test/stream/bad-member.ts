import { makePlan } from '../../engine/enrich/plan.ts'
import { runMemberProcess } from '../../engine/stream/process.ts'
import { BAD } from '../support/bad-modules.ts'

// A member whose one module misbehaves.
runMemberProcess({
  plan: ({ modules }) =>
    makePlan(
      (modules ?? []).map((name) => BAD[name]!),
      []
    ),
  worker: new URL('./bad-worker.ts', import.meta.url)
})
