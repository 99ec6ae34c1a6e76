import { parentPort, workerData } from 'node:worker_threads'
import { makePlan } from '../../engine/enrich/plan.ts'
import { runStreamWorker } from '../../engine/stream/member/worker.ts'
import type { WorkerSettings } from '../../engine/stream/member/worker.ts'
import { modules } from '../../science-modules/registry.ts'
import { manyFilters } from './filters.ts'

const settings = workerData as WorkerSettings
const count = Number(settings.stream.filters?.[0])
if (parentPort) await runStreamWorker(parentPort, settings, makePlan(modules, manyFilters(count)))
