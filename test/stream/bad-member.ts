import { runMemberProcess } from '../../engine/stream/member/process.ts'
import { badPlan } from '../support/bad-modules.ts'

// A member with a module or a filter that misbehaves.
runMemberProcess({
  plan: ({ modules, filters }) => badPlan(modules ?? [], filters ?? []),
  worker: new URL('./bad-worker.ts', import.meta.url)
})
