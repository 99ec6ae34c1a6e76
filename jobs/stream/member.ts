import { runMemberProcess } from '../../engine/stream/member/process.ts'
import { planFor } from '../common/registries.ts'

// A member finds its modules by name, since functions do not travel between processes.
runMemberProcess({
  plan: (chosen) => planFor(chosen),
  worker: new URL('./worker.ts', import.meta.url)
})
