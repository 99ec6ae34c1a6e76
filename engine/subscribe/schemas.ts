import type { Registry } from '../registry/registry.ts'
import { SiskinError } from '../errors.ts'
import { OWN } from '../lake/ledger.ts'
import type { Store } from '../store/store.ts'
import type { CommittedMessage } from '../kafka/committed-reader.ts'
import { readSchemas } from '../kafka/schema-topic.ts'
import type { KafkaAccess } from '../kafka/settings.ts'

/** The places where the schema of a message may be found. */
export interface SchemaSources {
  readonly access: KafkaAccess
  readonly clientId: string
  /** The topic with schemas by fingerprint. */
  readonly topic: string
  readonly lake: Store | null
  readonly registry: Registry | null
}

/** A message's schema and what was written with it, or why it has none that it could be read with. */
export type Found =
  | { readonly schema: string; readonly datum: Uint8Array }
  | { readonly fault: string }

const CONFLUENT_HEAD = 5
const BRACE = 0x7b
const FINGERPRINT = /^[0-9a-f]{64}$/

/**
 * Finds the schemas of messages: in the key (Fink's form), in a registry by the id of Confluent's wire
 * form, or by the fingerprint that a header names, in the topic of schemas and then in the lake.
 */
export class SchemaFinder {
  readonly #sources: SchemaSources
  readonly #known = new Map<string, string>()

  constructor(sources: SchemaSources) {
    this.#sources = sources
  }

  /**
   * A message that names no schema is foreign, and passed over. One that names a schema of ours must
   * wait until that is found.
   * @throws SiskinError that says where it was looked for
   */
  async find(message: CommittedMessage, stop?: AbortSignal): Promise<Found> {
    const { key, value: datum, headers } = message
    if (datum === null) return { fault: 'it has no value: it is a tombstone' }
    const named = headers.get('schema')?.toString() ?? ''
    const fingerprint = FINGERPRINT.test(named) ? named : undefined
    const isConfluent = datum[0] === 0 && datum.length > CONFLUENT_HEAD
    if (key?.[0] === BRACE && fingerprint === undefined) return { schema: this.#text(key), datum }
    const plain = isConfluent ? datum.subarray(CONFLUENT_HEAD) : datum
    if (isConfluent && this.#sources.registry) {
      const schema = await this.#registered(datum.readUInt32BE(1), stop)
      if (schema !== null) return { schema, datum: plain }
    }
    if (fingerprint === undefined) return { fault: this.#foreign(datum, isConfluent) }
    const schema = this.#known.get(fingerprint) ?? (await this.#lookUp(fingerprint))
    if (schema !== null) return { schema, datum: plain }
    throw new SiskinError(this.#missing(message))
  }

  #foreign(datum: Buffer, isConfluent: boolean): string {
    const foreign =
      'it does not say which schema it was written with, so it is no message of Siskin’s'
    if (!isConfluent) return `${foreign} or of Fink’s form`
    const id = datum.readUInt32BE(1)
    return this.#sources.registry
      ? `${foreign}, and the registry has no schema ${id}`
      : `${foreign}; if it is of Confluent’s form, --registry finds its schema ${id}, and --from earliest reads it again`
  }

  /** One string for all messages of a schema. */
  #text(key: Buffer): string {
    const text = key.toString()
    const known = this.#known.get(text)
    if (known !== undefined) return known
    this.#known.set(text, text)
    return text
  }

  async #registered(id: number, stop?: AbortSignal): Promise<string | null> {
    const name = `id ${id}`
    const known = this.#known.get(name)
    if (known !== undefined) return known
    const text = (await this.#sources.registry!.resolve([id], stop)).get(id)
    if (!text) return null
    const schema = Buffer.from(text).toString()
    this.#known.set(name, schema)
    return schema
  }

  async #lookUp(fingerprint: string): Promise<string | null> {
    const { access, clientId, topic, lake } = this.#sources
    const there = await readSchemas(access, `${clientId}-schemas`, topic)
    for (const [name, schema] of there) this.#known.set(name, schema)
    const found = there.get(fingerprint)
    if (found !== undefined) return found
    const path = `${OWN}/schemas/${fingerprint}.avsc`
    if (!lake || (await lake.size(path)) === null) return null
    const schema = Buffer.from(await lake.read(path)).toString()
    this.#known.set(fingerprint, schema)
    return schema
  }

  #missing({ topic, partition, offset }: CommittedMessage): string {
    const { lake, registry, topic: schemas } = this.#sources
    const places = [
      `the topic ${schemas}`,
      ...(lake ? [`the lake ${lake.root}`] : []),
      ...(registry ? ['the registry'] : [])
    ]
    return `the schema of message ${topic}-${partition} at offset ${offset} is not in ${places.join(', ')}: is --out-prefix right? Else say where it is with --registry or --lake`
  }
}
