import { parentPort, workerData } from 'node:worker_threads'
import { runStreamWorker } from '../../engine/stream/member/worker.ts'
import type { WorkerSettings } from '../../engine/stream/member/worker.ts'
import { badPlan } from '../support/bad-modules.ts'

const settings = workerData as WorkerSettings
const plan = badPlan(settings.stream.modules ?? [], settings.stream.filters ?? [])
if (parentPort) await runStreamWorker(parentPort, settings, plan)
