import { ProduceAcks, Producer } from '@platformatic/kafka'
import { CommittedReader } from './committed-reader.ts'
import { clientOptions, openAdmin } from './client.ts'
import type { KafkaAccess } from './settings.ts'
import { listTopics } from './topic-list.ts'

/** The topic from which a reader who has only Kafka takes schemas: the key is the fingerprint. */
export function schemaTopic(prefix: string): string {
  return `${prefix}schemas`
}

/** Schemas by fingerprint, as the topic holds them now; none where there is no such topic. */
export async function readSchemas(
  access: KafkaAccess,
  clientId: string,
  topic: string
): Promise<Map<string, string>> {
  if (!(await isThere(access, clientId, topic))) return new Map()
  const reader = new CommittedReader(access, clientId, [topic])
  const schemas = new Map<string, string>()
  try {
    const spans = await reader.spans([topic])
    const places = spans.map(({ partition, first, stableEnd }) => {
      return { topic, partition, offset: first, end: stableEnd }
    })
    for await (const { messages } of reader.read(places)) {
      for (const { key, value } of messages) {
        if (key && value) schemas.set(key.toString(), value.toString())
      }
    }
    return schemas
  } finally {
    await reader.close()
  }
}

async function isThere(access: KafkaAccess, clientId: string, topic: string): Promise<boolean> {
  const admin = openAdmin(access, clientId)
  try {
    return (await listTopics(admin)).includes(topic)
  } finally {
    await admin.close()
  }
}

/** Puts a schema into the topic, unless it is there. It is safe with all replicas when this resolves. */
export async function publishSchema(
  access: KafkaAccess,
  clientId: string,
  topic: string,
  { fingerprint, schema }: { readonly fingerprint: string; readonly schema: string }
): Promise<void> {
  const there = await readSchemas(access, clientId, topic)
  if (there.has(fingerprint)) return
  const producer = new Producer({ ...clientOptions(access, clientId), compression: 'zstd' })
  try {
    await producer.send({
      acks: ProduceAcks.ALL,
      messages: [{ topic, key: Buffer.from(fingerprint), value: Buffer.from(schema) }]
    })
  } finally {
    await producer.close(true)
  }
}
