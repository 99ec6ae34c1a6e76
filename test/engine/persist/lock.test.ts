import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { localStore } from '../../../engine/persist/local.ts'
import { lockLake } from '../../../engine/persist/lock.ts'

function lake(holder?: object | string) {
  const root = mkdtempSync(join(tmpdir(), 'siskin-lock-'))
  const path = join(root, '_siskin/lock.json')
  if (holder !== undefined) {
    mkdirSync(join(root, '_siskin'))
    writeFileSync(path, typeof holder === 'string' ? holder : JSON.stringify(holder))
  }
  return { store: localStore(root), path }
}

const holder = (over: object) => ({
  pid: process.pid,
  host: hostname(),
  since: '2026-01-01T00:00:00.000Z',
  command: 'siskin run night.tar.gz',
  birth: '',
  ...over
})

/** The id of a process that has ended. */
const deadPid = () => spawnSync(process.execPath, ['--version']).pid

describe('lock of a lake', () => {
  test('a second run is refused, and told of the first', async () => {
    const { store } = lake()
    await lockLake(store, 'siskin run first.tar.gz')
    const second = lockLake(store, 'siskin run second.tar.gz')
    await expect(second).rejects.toThrow(
      new RegExp(
        `in use by process ${process.pid} on ${hostname()} since .*siskin run first.tar.gz`
      )
    )
  })

  test('what it gives back frees the lake', async () => {
    const { store, path } = lake()
    const unlock = await lockLake(store, 'one')
    expect(existsSync(path)).toBe(true)
    await unlock()
    expect(existsSync(path)).toBe(false)
    await (
      await lockLake(store, 'two')
    )()
  })

  test('of a process that is gone is taken over', async () => {
    const { store } = lake(holder({ pid: deadPid() }))
    await lockLake(store, 'two')
    await expect(lockLake(store, 'three')).rejects.toThrow(`process ${process.pid}`)
  })

  test('of a process id that another process has by now is taken over', async () => {
    const { store } = lake(holder({ birth: '1' }))
    await expect(lockLake(store, 'two')).resolves.toBeTypeOf('function')
  })

  test('of a live process, without its time of birth, is not', async () => {
    const other = spawn('sleep', ['30'])
    try {
      const { store } = lake(holder({ pid: other.pid }))
      await expect(lockLake(store, 'two')).rejects.toThrow(`in use by process ${other.pid}`)
    } finally {
      other.kill()
    }
  })

  test('of another machine is never taken over: it cannot be asked', async () => {
    const { store } = lake(holder({ pid: deadPid(), host: 'another-machine' }))
    await expect(lockLake(store, 'two')).rejects.toThrow('on another-machine')
  })

  test.each(['', '{"pid": 12', 'null', '[]'])('written half (%j) is taken over', async (text) => {
    const { store } = lake(text)
    await expect(lockLake(store, 'two')).resolves.toBeTypeOf('function')
  })

  test('that is being written this moment is waited for', async () => {
    const { store, path } = lake('')
    setTimeout(() => writeFileSync(path, JSON.stringify(holder({}))), 50)
    await expect(lockLake(store, 'two')).rejects.toThrow('in use by process')
  })
})
