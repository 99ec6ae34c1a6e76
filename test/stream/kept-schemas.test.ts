import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { localStore } from '../../engine/store/local.ts'
import { keptRegistry } from '../../engine/registry/kept-schemas.ts'
import { FakeRegistry } from '../support/registry.ts'
import { temporaryFolder } from '../support/siskin.ts'

const registry = new FakeRegistry()
const store = localStore(join(temporaryFolder(), 'lake'))
const told: string[] = []
const warn = (message: string) => told.push(message)

beforeAll(async () => {
  registry.schemas.set(1, '"string"')
  registry.schemas.set(2, '"long"')
  await registry.start()
})
afterAll(() => registry.stop())
beforeEach(() => {
  told.length = 0
  registry.failing = null
})

async function firstTold(): Promise<string> {
  while (told.length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
  return told[0]!
}

test('a schema that the lake knows is taken from there; another is waited for, with the reason', async () => {
  await keptRegistry(registry.address, store, warn).resolve([1])
  registry.failing = 401
  const later = keptRegistry(registry.address, store, warn)
  expect(Buffer.from((await later.resolve([1])).get(1)!).toString()).toBe('"string"')
  expect(told.splice(0)).toEqual([expect.stringContaining('schema 1 is taken from the lake')])

  const waiting = later.resolve([2])
  expect(await firstTold()).toMatch(/^waiting for schema 2, and packets wait with it: .*\(401/)
  registry.failing = null
  expect(Buffer.from((await waiting).get(2)!).toString()).toBe('"long"')
  expect(told).toHaveLength(1)
})

test('the waiting ends when it is told to', async () => {
  registry.failing = 403
  const stop = new AbortController()
  const waiting = keptRegistry(registry.address, store, warn, stop.signal).resolve([3])
  await firstTold()
  stop.abort(new Error('Ctrl-C'))
  await expect(waiting).rejects.toThrow('Ctrl-C')
})

test('a password is in no message, and makes no other place in the lake', async () => {
  await keptRegistry(registry.address, store, warn).resolve([1])
  registry.failing = 403
  const place = registry.addressFor('ana:secret')
  const found = await keptRegistry(place, store, warn).resolve([1])
  expect(found.has(1)).toBe(true)
  expect(told.join('\n')).toMatch(/does not let ana in/)
  expect(told.join('\n')).not.toContain('secret')
})

test('a schema that comes to the registry just after its packets is found', async () => {
  const found = keptRegistry(registry.address, store, warn).resolve([4])
  while (!registry.asked.includes(4)) await new Promise((resolve) => setTimeout(resolve, 5))
  registry.schemas.set(4, '"int"')
  expect((await found).has(4)).toBe(true)
})

test('each id has the wait for itself: a damaged packet takes it from no other, and many wait no longer', async () => {
  const kept = keptRegistry(registry.address, store, warn)
  expect((await kept.resolve([1001])).has(1001)).toBe(false)
  const found = kept.resolve([5])
  while (!registry.asked.includes(5)) await new Promise((resolve) => setTimeout(resolve, 5))
  registry.schemas.set(5, '"float"')
  expect((await found).has(5)).toBe(true)

  const began = performance.now()
  await kept.resolve([1001])
  expect(performance.now() - began).toBeLessThan(2000) // it had its own
})

test('ids of damaged packets are waited for some times a minute, not each', async () => {
  const kept = keptRegistry(registry.address, store, warn)
  const damaged = Array.from({ length: 6 }, (_, i) => 2000 + i)
  await kept.resolve(damaged)
  const times = (id: number) => registry.asked.filter((asked) => asked === id).length
  const waitedFor = damaged.filter((id) => times(id) > 1)
  expect(waitedFor).toEqual(damaged.slice(0, 3))
})

test('an id that it does not know stays unknown', async () => {
  expect((await keptRegistry(registry.address, store, warn).resolve([99])).has(99)).toBe(false)
  expect(told).toEqual([])
})

test('an id that is refused, and one that refers to what is not there, are not waited for; why is told once', async () => {
  registry.refused.set(4_294_967_295, 400)
  registry.schemas.set(6, '{"type":"record","name":"a","fields":[{"name":"x","type":"n.b"}]}')
  registry.references.set(6, [{ name: 'n.b', subject: 'b', version: 1 }])
  const kept = keptRegistry(registry.address, store, warn)
  for (let i = 0; i < 2; i++) {
    const found = await kept.resolve([4_294_967_295, 6, 1])
    expect([...found.keys()]).toEqual([1])
    expect(found.unknown?.get(6)).toContain('/subjects/b/versions/1')
  }
  expect(told).toEqual([
    expect.stringMatching(/^packets of schema 4294967295 go to quarantine.*\(400: no\)/),
    expect.stringMatching(/^packets of schema 6 go to quarantine.*register it there/)
  ])
})
