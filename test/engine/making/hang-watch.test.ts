import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, test } from 'vitest'
import { Beat } from '../../../engine/making/beat.ts'
import { HangWatch } from '../../../engine/making/hang-watch.ts'
import type { WatchedThread } from '../../../engine/making/hang-watch.ts'

/** A thread that enters number 1 with a budget in ms, and does `work` from then on. */
function threadThat(work: string, budget: number): WatchedThread {
  const beat = Beat.memory()
  const module = new URL('../../../engine/making/beat.ts', import.meta.url).href
  const program = `
    const { workerData } = require('node:worker_threads')
    import(${JSON.stringify(module)}).then(({ Beat }) => {
      new Beat(workerData).enter(1, ${budget})
      ${work}
    })`
  const resourceLimits = { maxOldGenerationSizeMb: 48, maxYoungGenerationSizeMb: 4 }
  return { worker: new Worker(program, { eval: true, workerData: beat, resourceLimits }), beat }
}

describe('a thread that fills its memory, or whose budget is spent by the clock', () => {
  let thread: WatchedThread
  let watch: HangWatch<WatchedThread>

  afterEach(async () => {
    watch.close()
    await thread.worker.terminate()
  })

  function watched(work: string, budget = 100) {
    thread = threadThat(work, budget)
    const log: string[] = []
    const hung = new Promise<string | null>((resolve) => {
      watch = new HangWatch({
        watched: ['module one', 'module two'],
        working: () => [thread],
        onHang: (_, name) => resolve(name),
        log: (_, message) => log.push(message)
      })
    })
    return { hung, log }
  }

  test('hangs when it has had the processor for as long, and is named', async () => {
    const { hung, log } = watched('for (;;) Math.random()')
    expect(await hung).toBe('module two')
    expect(log).toEqual(['module two hangs: its thread is stopped, the alerts go on without it'])
  })

  test('does not hang while it only waits, for ten times as long', async () => {
    const { hung } = watched('setInterval(() => {}, 1000)')
    const quiet = new Promise<string>((resolve) => setTimeout(() => resolve('quiet'), 3000))
    expect(await Promise.race([hung, quiet])).toBe('quiet')
    expect(await hung).toBe('module two')
  })

  test('is named when it ends of its memory, and is no hang', async () => {
    const { hung, log } = watched('const all = []; for (;;) all.push({ a: [1, 2, 3] })', 60_000)
    const error = await new Promise<Error>((resolve) => thread.worker.on('error', resolve))
    expect(watch.died(thread, error)).toBeNull()
    expect(await hung).toBe('module two')
    expect(log).toEqual([
      'module two fills the memory of its thread: that is stopped, the alerts go on without it'
    ])
    expect(watch.died(thread, new Error('another fault'))).toBe('another fault')
  })

  test('is told of its memory when it is full, and its budget is spent', async () => {
    const { hung, log } = watched(
      'const all = []; const { getHeapStatistics: heap } = require("node:v8"); while (heap().used_heap_size < 0.82 * heap().heap_size_limit) for (let i = 0; i < 1000; i++) all.push({ a: [1] }); for (;;) all[0].a = all.length'
    )
    expect(await hung).toBe('module two')
    expect(log[0]).toMatch(/fills the memory/)
  })
})
