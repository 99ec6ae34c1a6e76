import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { Beat } from '../../../engine/making/beat.ts'
import type { PacketRange } from '../../../engine/packets.ts'
import { Supervisor } from '../../../engine/run/supervisor.ts'

/** A member that is done with a range when it hears of it. */
const MEMBER = `
  const { parentPort } = require('node:worker_threads')
  parentPort.on('message', ({ id }) => {
    parentPort.postMessage({ kind: 'done', id, record: {}, memory: 0 })
    parentPort.postMessage({ kind: 'ready' })
  })
  parentPort.postMessage({ kind: 'ready' })`

test('a member starts when there is a range for it: none where nothing is new', async () => {
  let started = 0
  const supervisor = new Supervisor({
    members: 3,
    watched: [],
    blame: null,
    start() {
      started++
      return { worker: new Worker(MEMBER, { eval: true }), beat: Beat.memory() }
    },
    runOf: () => 1,
    recover: async () => null,
    onRecord: () => {},
    onLog: () => {}
  })
  const rangeAt = (first: number): Partial<PacketRange> => {
    return { source: 's', first, count: 1, blocks: new Float64Array(8) }
  }
  await supervisor.drain()
  expect(started).toBe(0)
  const counts: number[] = []
  const given = [0, 1, 2, 3].map((first) => {
    const one = supervisor.give(rangeAt(first) as PacketRange, () => {})
    counts.push(started)
    return one
  })
  expect(counts).toEqual([1, 2, 3, 3])
  await Promise.all(given)
  await supervisor.drain()
  await supervisor.close()
})
