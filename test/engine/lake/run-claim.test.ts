import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { localStore } from '../../../engine/store/local.ts'
import { checkRun, newestRun, RunClaim } from '../../../engine/lake/run-claim.ts'
import { silenceOf } from '../../../engine/lake/silence.ts'
import { THIS_MACHINE } from '../../../engine/store/machine.ts'
import type { Store } from '../../../engine/store/store.ts'

const SOURCE = 'night-0a1b2c'

function lake(holder?: object) {
  const root = mkdtempSync(join(tmpdir(), 'siskin-claim-'))
  const folder = join(root, '_siskin/owners/runs', SOURCE)
  if (holder) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, '4.json'), JSON.stringify(holder))
  }
  /** Nothing was heard of it for an hour. */
  const silence = () => {
    const then = new Date(Date.now() - 3_600_000)
    utimesSync(join(folder, '4.json'), then, then)
  }
  return { store: localStore(root), files: () => readdirSync(folder).sort(), silence }
}

const holder = (over: object) => ({
  pid: process.pid,
  host: hostname(),
  since: '2026-01-01T00:00:00.000Z',
  command: 'siskin run night.tar.gz',
  birth: '',
  beat: new Date().toISOString(),
  ...over
})

/** The id of a process that has ended. */
const deadPid = () => spawnSync(process.execPath, ['--version']).pid

describe('the claim of a source', () => {
  test('a second run is refused, and told of the first', async () => {
    const { store } = lake()
    const first = await RunClaim.take(store, SOURCE, 'siskin run first.tar.gz')
    const second = RunClaim.take(store, SOURCE, 'siskin run second.tar.gz')
    await expect(second).rejects.toThrow(
      new RegExp(`by process ${process.pid} on ${hostname()} since .*siskin run first.tar.gz`)
    )
    await first.release()
  })

  test('another source is another matter', async () => {
    const { store } = lake()
    const claims = [
      await RunClaim.take(store, SOURCE, 'one'),
      await RunClaim.take(store, 'other', 'two')
    ]
    expect(claims.map(({ run }) => run)).toEqual([1, 1])
    for (const claim of claims) await claim.release()
  })

  test('what it gives back frees the source; the next run has the next number', async () => {
    const { store, files } = lake()
    await (await RunClaim.take(store, SOURCE, 'one')).release()
    expect(files()).toEqual(['1.over'])
    const next = await RunClaim.take(store, SOURCE, 'two')
    expect(next.run).toBe(2)
    expect(files()).toEqual(['2.json'])
    await next.release()
  })

  test('a number that others had and that is forgotten is not taken again', async () => {
    const { store, files } = lake()
    let claims: RunClaim[] = []
    const late: Store = {
      ...store,
      async entries(folder) {
        const found = await store.entries(folder)
        if (claims.length > 0) return found
        claims = [await RunClaim.take(store, SOURCE, 'one')]
        await claims[0]!.release()
        claims.push(await RunClaim.take(store, SOURCE, 'two'))
        return found
      }
    }
    await expect(RunClaim.take(late, SOURCE, 'late')).rejects.toThrow('(two)')
    expect(claims.map(({ run }) => run)).toEqual([1, 2])
    expect(files()).toEqual(['2.json'])
    await claims[1]!.release()
  })

  test('a number that another had and gave back since the look is not taken again', async () => {
    const { store, files } = lake()
    let isFirst = true
    const late: Store = {
      ...store,
      async entries(folder) {
        const found = await store.entries(folder)
        if (isFirst) {
          isFirst = false
          await (await RunClaim.take(store, SOURCE, 'one')).release()
        }
        return found
      }
    }
    const claim = await RunClaim.take(late, SOURCE, 'late')
    expect(claim.run).toBe(2)
    expect(files()).toEqual(['2.json'])
    await claim.release()
  })

  test('a beat that is on its way when it is given back does not bring it to life again', async () => {
    const { store, files } = lake()
    let beat = () => {}
    const machine = {
      me: (command: string) => holder({ command }),
      isAlive: () => true,
      beat: (call: () => Promise<void>) => {
        beat = () => void call()
        return () => {}
      }
    }
    const { promise: late, resolve: arrive } = Promise.withResolvers<void>()
    const slow: Store = {
      ...store,
      async rename(from, to) {
        if (from.endsWith('.new')) await late
        await store.rename(from, to)
      }
    }
    const claim = await RunClaim.take(slow, SOURCE, 'one', machine)
    beat()
    const released = claim.release()
    setTimeout(arrive, 50)
    await released
    expect(files()).toEqual(['1.over'])
  })

  test('of a process that is gone is taken over, and the old run finds out', async () => {
    const { store } = lake(holder({ pid: deadPid() }))
    const mine = await RunClaim.take(store, SOURCE, 'two')
    expect(mine.run).toBe(5)
    await checkRun(store, SOURCE, 5)
    await expect(checkRun(store, SOURCE, 4)).rejects.toThrow('another run took')
    await expect(RunClaim.take(store, SOURCE, 'three')).rejects.toThrow(`process ${process.pid}`)
    await mine.release()
  })

  test('of twenty that come at once when the old run is gone, one gets it', async () => {
    const { store } = lake(holder({ pid: deadPid() }))
    const tries = Array.from({ length: 20 }, (_, i) => RunClaim.take(store, SOURCE, `run ${i}`))
    const results = await Promise.allSettled(tries)
    const got = results.filter((result) => result.status === 'fulfilled')
    expect(got).toHaveLength(1)
    await got[0]!.value.release()
  })

  test('of a process id that another process has by now is taken over', async () => {
    const { store } = lake(holder({ birth: '1' }))
    const claim = await RunClaim.take(store, SOURCE, 'two')
    expect(claim.run).toBe(5)
    await claim.release()
  })

  test('of a live process, without its time of birth, is not', async () => {
    const other = spawn('sleep', ['30'])
    try {
      const { store } = lake(holder({ pid: other.pid }))
      await expect(RunClaim.take(store, SOURCE, 'two')).rejects.toThrow(`process ${other.pid}`)
    } finally {
      other.kill()
    }
  })

  test('of a container that has the name and the process ids of this machine too, the same', async () => {
    const far = { host: hostname(), processes: 'pid:[1]', birth: '1' }
    const alive = lake(holder(far))
    expect((await newestRun(alive.store, SOURCE)).isAtWork).toBe(true)
    await expect(RunClaim.take(alive.store, SOURCE, 'two')).rejects.toThrow(`on ${hostname()}`)
    const silent = lake(holder(far))
    silent.silence()
    await (await RunClaim.take(silent.store, SOURCE, 'two')).release()
  })

  test('of another machine of the same name is too; of this one before it was begun anew it is taken over', async () => {
    const { processes, machine } = THIS_MACHINE.me('one')
    const far = { host: hostname(), processes, boot: 'other', pid: deadPid(), birth: '1' }
    const alive = lake(holder({ ...far, machine: 'other' }))
    await expect(RunClaim.take(alive.store, SOURCE, 'two')).rejects.toThrow(`on ${hostname()}`)
    const begunAnew = lake(holder({ ...far, machine }))
    await (await RunClaim.take(begunAnew.store, SOURCE, 'two')).release()
  })

  test('that cannot be told on a full disk leaves no drafts, however often that is tried', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    try {
      const { store, files } = lake()
      let failed = 0
      const full: Store = {
        ...store,
        async write(path) {
          await store.write(path, []) // the name is there, its bytes find no room
          failed++
          throw new Error('ENOSPC')
        }
      }
      const claim = await RunClaim.take(full, SOURCE, 'one')
      for (let beats = 1; beats < 4; beats++) {
        vi.advanceTimersByTime(20_000)
        await vi.waitUntil(() => failed === beats)
        await vi.waitUntil(() => files().length === 1)
      }
      await claim.release()
      expect(files()).toEqual(['1.over'])
    } finally {
      vi.useRealTimers()
    }
  })

  test('of many sources are told few at a time, and each once until all are', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    try {
      const { store } = lake()
      const told: string[] = []
      let [now, most] = [0, 0]
      const counting: Store = {
        ...store,
        async write(path, pieces) {
          told.push(path.split('/').at(-2)!)
          most = Math.max(most, ++now)
          return store.write(path, pieces).finally(() => now--)
        }
      }
      const claims: RunClaim[] = []
      for (let i = 0; i < 20; i++) claims.push(await RunClaim.take(counting, `s${i}`, 'one'))
      vi.advanceTimersByTime(60_000)
      await vi.waitUntil(() => now === 0 && told.length >= claims.length, 10_000)
      for (const claim of claims) await claim.release()
      expect([most <= 4, told.length, new Set(told).size]).toEqual([true, 20, 20])
    } finally {
      vi.useRealTimers()
    }
  })

  test('of another machine is taken over only when it has been silent for long', async () => {
    const far = { host: 'another-machine', pid: 1 }
    const alive = lake(holder(far))
    await expect(RunClaim.take(alive.store, SOURCE, 'two')).rejects.toThrow('on another-machine')
    const silent = lake(holder(far))
    silent.silence()
    const claim = await RunClaim.take(silent.store, SOURCE, 'two')
    expect(claim.run).toBe(5)
    await claim.release()
  })

  test.each([-2, 2])(
    'a clock that is %i hours wrong makes nobody on another machine dead or alive',
    async (hours) => {
      const far = { host: 'another-machine', pid: 1 }
      const [alive, silent] = [lake(holder(far)), lake(holder(far))]
      silent.silence()
      const before = readdirSync(join(alive.store.root, '_siskin'))
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + hours * 3_600_000 })
      try {
        expect((await newestRun(alive.store, SOURCE)).isAtWork).toBe(true)
        expect((await newestRun(silent.store, SOURCE)).isAtWork).toBe(false)
        await expect(RunClaim.take(alive.store, SOURCE, 'two')).rejects.toThrow('another-machine')
        await (await RunClaim.take(silent.store, SOURCE, 'two')).release()
      } finally {
        vi.useRealTimers()
      }
      expect(readdirSync(join(alive.store.root, '_siskin'))).toEqual(before)
    }
  )

  test('in a lake that takes no file, one that is looked at is silent until it is seen to tell', async () => {
    const { store } = lake(holder({ host: 'another-machine', pid: 1 }))
    const path = `_siskin/owners/runs/${SOURCE}/4.json`
    const write = () => Promise.reject(new Error('read-only'))
    const watch = { lookMs: 1, silentMs: 20 }
    expect(await silenceOf({ ...store, write }, path, watch)).toBeGreaterThanOrEqual(20)
    let looks = 0
    const modified = async () => (looks++ > 2 ? 20_000 : 0)
    expect(await silenceOf({ ...store, write, modified }, path, watch)).toBe(0)
    expect(await silenceOf(store, `${path}.gone`)).toBe(Number.POSITIVE_INFINITY)
  })
})
