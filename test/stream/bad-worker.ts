import { parentPort, workerData } from 'node:worker_threads'
import { makePlan } from '../../engine/enrich/plan.ts'
import { runStreamWorker } from '../../engine/stream/worker.ts'
import type { WorkerSettings } from '../../engine/stream/worker.ts'
import { BAD } from '../support/bad-modules.ts'

const settings = workerData as WorkerSettings
const modules = (settings.stream.modules ?? []).map((name) => BAD[name]!)
if (parentPort) runStreamWorker(parentPort, settings, makePlan(modules, []))
