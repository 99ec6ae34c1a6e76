import { expect, test } from 'vitest'
import { localStore } from '../../engine/store/local.ts'
import { Bounds, countStrike } from '../../engine/stream/common/bounds.ts'
import { cutBySize } from '../../engine/stream/commit/publisher.ts'
import { newSlot, standstillOf } from '../../engine/stream/supervisor/worker-slot.ts'
import { temporaryFolder } from '../support/siskin.ts'

test('no topic gets more bytes in one send than it may, and the order of a topic stays', () => {
  const message = (topic: string, kilobytes: number) => ({
    topic,
    value: new Uint8Array(kilobytes * 1000)
  })
  const messages = [message('a', 40), message('b', 90), message('a', 40), message('a', 40)]
  const chunks = cutBySize(messages, 100_000)
  expect(chunks.map((chunk) => chunk.map(({ topic }) => topic))).toEqual([['a', 'b', 'a'], ['a']])
  expect(cutBySize([message('a', 500)], 100_000)).toHaveLength(1)
  expect(cutBySize([], 100_000)).toEqual([])
  const withSchema = { ...message('a', 40), schema: new Uint8Array(20_000) }
  expect(cutBySize([withSchema, withSchema], 100_000)).toHaveLength(2)
})

test('a range that killed is tried again as it was, then halved until one message is left', async () => {
  const store = localStore(temporaryFolder())
  const read = () => Bounds.read(store, ['s'])
  const die = (first: number, last: number) =>
    countStrike(store, { source: 's', first, last }, 'death', 'it died')
  expect((await read()).lastOf('s', 10)).toBe(Number.POSITIVE_INFINITY)
  await die(10, 17)
  expect((await read()).lastOf('s', 10)).toBe(17)
  expect((await read()).lastOf('s', 4)).toBe(9)
  expect((await read()).poisonOf('s', 10, 17)).toBeNull()
  await die(10, 17)
  expect((await read()).lastOf('s', 10)).toBe(13)
  expect((await read()).lastOf('s', 14)).toBe(17)
  await die(10, 13)
  expect((await read()).lastOf('s', 10)).toBe(11)
  await die(10, 11)
  await die(10, 10)
  const bounds = await read()
  expect(bounds.poisonOf('s', 10, 10)).toBe('it died')
  expect(bounds.poisonOf('s', 11, 11)).toBeNull()
  expect(bounds.hopeless('s')).toBeNull()
  for (let i = 0; i < 3; i++) await die(10, 10)
  expect((await read()).hopeless('s')).toBe('the message at 10: it died')
  await bounds.landed(store, 's', 17)
  expect((await read()).lastOf('s', 10)).toBe(Number.POSITIVE_INFINITY)
})

test('members that wait for something outside, or end again and again, are not ready for ever, and it is said why', () => {
  const slots = ['a', 'b'].map((name) => ({ ...newSlot(name), memberId: name, child: {} as never }))
  expect(standstillOf(slots, 60)).toBeNull()
  for (const slot of slots) slot.moved -= 61_000
  expect(standstillOf(slots, 60)).toBe('no member took anything in for 60 s')
  slots[0]!.waitsFor = 'the registry of schemas'
  slots[1]!.trouble = 'Kafka refuses the time stamps'
  expect(standstillOf(slots, 60)).toBe(
    'no member took anything in for 60 s; it waits for the registry of schemas; Kafka refuses the time stamps'
  )
  slots[1]!.moved = performance.now()
  expect(standstillOf(slots, 60)).toBeNull()
})
