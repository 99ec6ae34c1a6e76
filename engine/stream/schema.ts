import { codeOf, messageOf, SiskinError } from '../errors.ts'
import { OWN } from '../persist/ledger.ts'
import type { Store } from '../persist/store.ts'
import type { MessageFormat } from '../publish/message.ts'
import { SISKIN_VERSION } from '../version.ts'

/** How a reader finds the schema of a message. */
export interface Framing {
  readonly headers: Readonly<Record<string, string>>
  frame(datum: Uint8Array): Buffer
}

const TIMEOUT_MS = 5000

/**
 * With a registry: Confluent's wire form, the schema registered for every topic. Without: the plain
 * datum, its schema in the lake under the fingerprint that a header names.
 */
export async function openFraming(
  registry: string | null,
  topics: readonly string[],
  format: MessageFormat,
  store: Store
): Promise<Framing> {
  const headers = { version: SISKIN_VERSION, schema: format.fingerprint }
  if (registry === null) {
    await keepSchema(store, format)
    return {
      headers,
      frame: (datum) => Buffer.from(datum.buffer, datum.byteOffset, datum.byteLength)
    }
  }
  const ids = await Promise.all(topics.map((topic) => register(registry, topic, format.schema)))
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

async function register(address: string, topic: string, schema: string): Promise<number> {
  const url = `${address.replace(/\/+$/, '')}/subjects/${encodeURIComponent(topic)}-value/versions`
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      body: JSON.stringify({ schema }),
      signal: AbortSignal.timeout(TIMEOUT_MS)
    })
    const { id, message } = (await response.json()) as { id?: number; message?: string }
    if (response.ok && typeof id === 'number') return id
    throw new Error(message ?? `it answered ${response.status}`)
  } catch (error) {
    throw new SiskinError(
      `schema registry ${url}: ${messageOf(error)}; is it running, is --out-registry right?`,
      1,
      { cause: error }
    )
  }
}
