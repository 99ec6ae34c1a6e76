import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, test } from 'vitest'
import { Beat } from '../../../engine/making/beat.ts'
import { HangWatch } from '../../../engine/making/hang-watch.ts'
import type { WatchedThread } from '../../../engine/making/hang-watch.ts'

/** A thread that enters number 1 with a budget of 100 ms, and does `work` from then on. */
function threadThat(work: string): WatchedThread {
  const beat = Beat.memory()
  const module = new URL('../../../engine/making/beat.ts', import.meta.url).href
  const program = `
    const { workerData } = require('node:worker_threads')
    import(${JSON.stringify(module)}).then(({ Beat }) => {
      new Beat(workerData).enter(1, 100)
      ${work}
    })`
  return { worker: new Worker(program, { eval: true, workerData: beat }), beat }
}

describe('a thread whose budget is spent by the clock', () => {
  let thread: WatchedThread
  let watch: HangWatch<WatchedThread>

  afterEach(async () => {
    watch.close()
    await thread.worker.terminate()
  })

  function watched(work: string) {
    thread = threadThat(work)
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
})
