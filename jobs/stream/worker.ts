import { parentPort, workerData } from 'node:worker_threads'
import { runStreamWorker } from '../../engine/stream/member/worker.ts'
import type { WorkerSettings } from '../../engine/stream/member/worker.ts'
import { planFor } from '../common/registries.ts'

// The pipeline's thread of a member: it finds its modules by name, since functions do not travel.
if (!parentPort) throw new Error('this thread is started by a member')
const settings = workerData as WorkerSettings
await runStreamWorker(parentPort, settings, planFor(settings.stream))
