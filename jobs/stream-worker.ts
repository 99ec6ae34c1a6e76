import { parentPort, workerData } from 'node:worker_threads'
import { makePlan } from '../engine/enrich/plan.ts'
import { runStreamWorker } from '../engine/stream/worker.ts'
import type { WorkerSettings } from '../engine/stream/worker.ts'
import { pickFilters, pickModules } from './registries.ts'

// The pipeline's thread of a member: it finds its modules by name, since functions do not travel.
if (!parentPort) throw new Error('this thread is started by a member')
const settings = workerData as WorkerSettings
const { modules, filters } = settings.stream
runStreamWorker(parentPort, settings, makePlan(pickModules(modules), pickFilters(filters)))
