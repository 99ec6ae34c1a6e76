import { parentPort, workerData } from 'node:worker_threads'
import { NightMaker } from './night.ts'
import type { Chunk } from './night.ts'
import type { NightPlan } from './options.ts'
import { joined } from '../archive/piece.ts'

const maker = new NightMaker(workerData as NightPlan)

parentPort?.on('message', (chunk: Chunk) => {
  const result = maker.make(chunk)
  const answer = { ...result, piece: joined(result.piece), late: joined(result.late) }
  parentPort?.postMessage(answer, [])
})
