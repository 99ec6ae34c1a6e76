import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { Beat } from '../../../engine/making/beat.ts'
import type { PacketRange } from '../../../engine/packets.ts'
import type { PartRecord } from '../../../engine/lake/ledger.ts'
import { Supervisor } from '../../../engine/run/supervisor.ts'

/** A member whose first module takes all memory there is, unless it is left out. */
const MEMBER = `
  const { parentPort, workerData } = require('node:worker_threads')
  import(${JSON.stringify(new URL('../../../engine/making/beat.ts', import.meta.url).href)}).then(({ Beat }) => {
    const beat = new Beat(workerData)
    parentPort.on('message', ({ id, stopped }) => {
      const all = []
      beat.enter(0, 60_000)
      while (!stopped.includes('module hog')) all.push({ a: [1, 2, 3] })
      beat.leave()
      parentPort.postMessage({ kind: 'done', id, record: { stopped }, memory: 0 })
    })
    parentPort.postMessage({ kind: 'ready' })
  })`

test('a module that takes all memory is named, and its range lands without it', async () => {
  const log: string[] = []
  const landed: unknown[] = []
  const supervisor = new Supervisor({
    members: 1,
    watched: ['module hog', 'filter other'],
    blame: null,
    start() {
      const beat = Beat.memory()
      const resourceLimits = { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 4 }
      return { worker: new Worker(MEMBER, { eval: true, workerData: beat, resourceLimits }), beat }
    },
    runOf: () => 1,
    recover: async () => null,
    onRecord: (record) => landed.push(record),
    onLog: (_, message) => log.push(message)
  })
  const range: Partial<PacketRange> = {
    source: 's',
    first: 0,
    count: 1,
    blocks: new Float64Array(8)
  }
  await supervisor.give(range as PacketRange, () => {})
  await supervisor.drain()
  await supervisor.close()
  expect(landed as Partial<PartRecord>[]).toEqual([{ stopped: ['module hog'] }])
  expect(log).toEqual([
    'module hog fills the memory of its thread: that is stopped, the alerts go on without it'
  ])
})
