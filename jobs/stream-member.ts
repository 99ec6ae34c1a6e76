import { runMemberProcess } from '../engine/stream/process.ts'
import { planFor } from './registries.ts'

// A member finds its modules by name, since functions do not travel between processes.
runMemberProcess({
  plan: (chosen) => planFor(chosen),
  worker: new URL('./stream-worker.ts', import.meta.url)
})
