import { Socket } from 'node:net'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { TRANSACTION_MS } from '../../engine/kafka/client.ts'
import { CommittedReader } from '../../engine/kafka/committed-reader.ts'
import { ConsumerGroup } from '../../engine/kafka/group.ts'
import type { SelectedMessage } from '../../engine/publish/kafka.ts'
import { Publisher } from '../../engine/stream/commit/publisher.ts'
import { sharedKafka } from '../cluster/shared.ts'
import type { SharedKafka } from '../cluster/shared.ts'
import { describeKafka, makeTopic, newName } from './support.ts'

const PRODUCE = 0

/** The network changes a byte of every request that brings messages, near its end. */
function damageProduced(): void {
  const write = Reflect.get(Socket.prototype, 'write') as (...args: unknown[]) => boolean
  const damaging = function (this: Socket, chunk: unknown, ...more: unknown[]): boolean {
    const isProduced =
      Buffer.isBuffer(chunk) && chunk.length > 60 && chunk.readInt16BE(4) === PRODUCE
    if (!isProduced) return write.call(this, chunk, ...more)
    const damaged = Buffer.from(chunk)
    damaged[chunk.length - 8]! ^= 0xff
    return write.call(this, damaged, ...more)
  }
  Object.defineProperty(Socket.prototype, 'write', { value: damaging, configurable: true })
}

function mend(): void {
  Reflect.deleteProperty(Socket.prototype, 'write') // it has it from its parent
}

afterEach(mend)

describeKafka('whether messages come through at all', () => {
  let kafka: SharedKafka

  beforeAll(async () => {
    kafka = await sharedKafka()
  })

  async function setUp(name: string) {
    const group = newName(name)
    const topic = `${group}-bright`
    await makeTopic(kafka, { topic, partitions: 2 })
    const access = {
      brokers: [kafka.bootstrap],
      user: null,
      password: null,
      mechanism: 'PLAIN' as const,
      tls: false,
      ca: null
    }
    const framing = { frame: (value: Uint8Array) => Buffer.from(value), headers: {} }
    const limits = { prefix: `${group}-`, finkPrefix: '', maxBytes: 1_000_000 }
    const publisher = new Publisher(access, group, framing, limits)
    await publisher.start()
    const told = { topic: 'bright', filter: 'bright@1.0.0', survey: 'ztf', night: 20260112 }
    const messages = ['a', 'b'].map((key, i): SelectedMessage => {
      return { ...told, source: `in-0@${i}`, key, value: Buffer.from(`alert ${key}`), bare: false }
    })
    /** What subscribers see. */
    const seen = async () => {
      const reader = new CommittedReader(access, `${group}-reader`, [topic])
      const spans = await reader.spans([topic])
      const places = spans.map(({ partition, first: offset, stableEnd: end }) => {
        return { topic, partition, offset, end }
      })
      const values: string[] = []
      for await (const chunk of reader.read(places)) {
        values.push(...chunk.messages.map(({ value }) => String(value)))
      }
      await reader.close()
      return values.toSorted()
    }
    const commit = async () => {
      const membership = { kafka: access, group, sessionSeconds: 10 }
      const members = new ConsumerGroup(membership, group, [topic])
      await members.join()
      const assignment = (await members.assignment(new AbortController().signal))!
      const committing = publisher.commit(
        members,
        assignment,
        { messages, positions: [] },
        () => {}
      )
      await committing.finally(() => members.close())
    }
    return { group, publisher, messages, seen, commit }
  }

  test('they do: nobody sees what was sent to find out, and the next commit counts', async () => {
    const { group, publisher, messages, seen, commit } = await setUp('sound')
    expect(await publisher.passes(messages)).toBe(true)
    expect(await publisher.passes(messages)).toBe(true)
    expect(await seen()).toEqual([])
    await commit()
    expect(await seen()).toEqual(['alert a', 'alert b'])
    const asked = ['--bootstrap-server', kafka.bootstrap, 'describe', '--transactional-id', group]
    const told = kafka.tool('org.apache.kafka.tools.TransactionsCommand', asked)
    expect(told.split(/\s+/)).toContain(String(TRANSACTION_MS))
    await publisher.close()
  })

  test('the way damages them: they do not, and do again once it is mended', async () => {
    const { publisher, messages, seen, commit } = await setUp('damaged')
    damageProduced()
    expect(await publisher.passes(messages)).toBe(false)
    mend()
    await commit()
    expect(await publisher.passes(messages)).toBe(true)
    expect(await seen()).toEqual(['alert a', 'alert b'])
    await publisher.close()
  })
})
