import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Admin, Consumer } from '@platformatic/kafka'
import { afterAll } from 'vitest'
import type { SharedKafka } from '../cluster/shared.ts'

export interface Received {
  readonly partition: number
  readonly offset: number
  /** When it was sent, ms. */
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer
}

/** All messages of a topic, by partition and offset. */
export async function messagesOf(kafka: SharedKafka, topic: string): Promise<Received[]> {
  const access = { clientId: 'test', bootstrapBrokers: [kafka.bootstrap] }
  const total = await endOf(access, topic)
  if (total === 0) return []
  const consumer = new Consumer({ ...access, groupId: `read-${topic}-${process.hrtime.bigint()}` })
  const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false })
  const received: Received[] = []
  for await (const { partition, offset, timestamp, key, value } of stream) {
    const at = { partition, offset: Number(offset), timestamp: Number(timestamp) }
    received.push({ ...at, key: key ?? null, value })
    if (received.length === total) break
  }
  await consumer.close(true)
  return received.sort((a, b) => a.partition - b.partition || a.offset - b.offset)
}

async function endOf(
  access: { clientId: string; bootstrapBrokers: string[] },
  topic: string
): Promise<number> {
  const admin = new Admin(access)
  const metadata = await admin.metadata({ topics: [topic], forceUpdate: true })
  const count = metadata.topics.get(topic)?.partitionsCount ?? 0
  const partitions = Array.from({ length: count }, (_, i) => ({
    partitionIndex: i,
    timestamp: -1n
  }))
  const [found] = await admin.listOffsets({ topics: [{ name: topic, partitions }] })
  await admin.close()
  return (found?.partitions ?? []).reduce((sum, { offset }) => sum + Number(offset), 0)
}

export interface Registry {
  readonly address: string
  /** Subjects that were registered under. */
  readonly subjects: string[]
}

/** A schema registry over HTTP that numbers schemas itself, from 71. */
export async function startRegistry(): Promise<Registry> {
  const schemas = new Map<number, string>()
  const subjects: string[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      const [, subject] = /^\/subjects\/([^/]+)\/versions$/.exec(request.url ?? '') ?? []
      const [, asked] = /^\/schemas\/ids\/(\d+)$/.exec(request.url ?? '') ?? []
      if (subject) {
        const { schema } = JSON.parse(body) as { schema: string }
        const id = [...schemas].find(([, text]) => text === schema)?.[0] ?? 71 + schemas.size
        schemas.set(id, schema)
        subjects.push(subject)
        return response.end(JSON.stringify({ id }))
      }
      const schema = schemas.get(Number(asked))
      response.statusCode = schema ? 200 : 404
      return response.end(JSON.stringify(schema ? { schema } : { message: 'not found' }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  afterAll(() => server.close())
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, subjects }
}
