import { codeOf } from '../../errors.ts'
import { OWN } from '../../lake/ledger.ts'
import type { Store } from '../../store/store.ts'
import type { MessageFormat } from '../../publish/message.ts'
import { registerSchema } from '../../registry/register.ts'
import { SISKIN_VERSION } from '../../version.ts'
import { publishSchema } from '../../kafka/schema-topic.ts'
import type { KafkaAccess } from '../../kafka/settings.ts'

/** How a reader finds the schema of a message. */
export interface Framing {
  readonly headers: Readonly<Record<string, string>>
  frame(datum: Uint8Array): Buffer
}

/** Where the schema of messages is put before the first of them. */
export interface SchemaPlaces {
  readonly access: KafkaAccess
  readonly clientId: string
  /** The topic of schemas; null where there are no topics. */
  readonly topic: string | null
  /** The lake. */
  readonly store: Store
  readonly registry: string | null
}

/**
 * A header names the schema by its fingerprint; the schema lies in a topic of its own, so that whoever
 * can read the messages can read it too, and in the lake. With a registry it is also registered there for
 * every topic, and the datum goes in Confluent's wire form; without, plain.
 */
export async function openFraming(
  { access, clientId, topic, store, registry }: SchemaPlaces,
  topics: readonly string[],
  format: MessageFormat
): Promise<Framing> {
  const headers = { version: SISKIN_VERSION, schema: format.fingerprint }
  await keepSchema(store, format)
  if (topic !== null) await publishSchema(access, clientId, topic, format)
  if (registry === null) {
    return {
      headers,
      frame: (datum) => Buffer.from(datum.buffer, datum.byteOffset, datum.byteLength)
    }
  }
  const ids = await Promise.all(
    topics.map((name) => registerSchema(registry, `${name}-value`, format.schema, '--out-registry'))
  )
  const head = Buffer.alloc(5)
  head.writeUInt32BE(ids[0] ?? 0, 1)
  return { headers, frame: (datum) => Buffer.concat([head, datum]) }
}

async function keepSchema(store: Store, { fingerprint, schema }: MessageFormat): Promise<void> {
  const path = `${OWN}/schemas/${fingerprint}.avsc`
  if ((await store.size(path)) !== null) return
  await store.write(path, [Buffer.from(schema)]).catch((error: unknown) => {
    if (codeOf((error as Error).cause) !== 'EEXIST') throw error // else another member was quicker
  })
}
