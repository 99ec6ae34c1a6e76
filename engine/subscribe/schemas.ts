import type { Registry } from '../consume/registry.ts'
import { SiskinError } from '../errors.ts'
import { OWN } from '../persist/ledger.ts'
import type { Store } from '../persist/store.ts'
import type { CommittedMessage } from '../stream/committed-reader.ts'
import { readSchemas } from '../stream/schema-topic.ts'
import type { KafkaAccess } from '../stream/settings.ts'

/** The places where the schema of a message may be found. */
export interface SchemaSources {
  readonly access: KafkaAccess
  readonly clientId: string
  /** The topic with schemas by fingerprint. */
  readonly topic: string
  readonly lake: Store | null
  readonly registry: Registry | null
}

export interface Found {
  readonly schema: string
  readonly datum: Uint8Array
}

const CONFLUENT_HEAD = 5
const BRACE = 0x7b

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

  /** @throws SiskinError that says where it was looked for. */
  async find(message: CommittedMessage): Promise<Found> {
    const { key, value, headers } = message
    const datum = value ?? Buffer.alloc(0)
    const fingerprint = headers.get('schema')?.toString()
    const isConfluent = datum[0] === 0 && datum.length > CONFLUENT_HEAD
    if (key?.[0] === BRACE && fingerprint === undefined) return { schema: this.#text(key), datum }
    const plain = isConfluent ? datum.subarray(CONFLUENT_HEAD) : datum
    if (isConfluent && this.#sources.registry) {
      const schema = await this.#registered(datum.readUInt32BE(1))
      if (schema !== null) return { schema, datum: plain }
    }
    if (fingerprint !== undefined) {
      const schema = this.#known.get(fingerprint) ?? (await this.#lookUp(fingerprint))
      if (schema !== null) return { schema, datum: plain }
    }
    throw new SiskinError(this.#missing(message, fingerprint, isConfluent))
  }

  /** One string for all messages of a schema. */
  #text(key: Buffer): string {
    const text = key.toString()
    const known = this.#known.get(text)
    if (known !== undefined) return known
    this.#known.set(text, text)
    return text
  }

  async #registered(id: number): Promise<string | null> {
    const name = `id ${id}`
    const known = this.#known.get(name)
    if (known !== undefined) return known
    const text = (await this.#sources.registry!.resolve([id])).get(id)
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

  #missing(
    { topic, partition, offset }: CommittedMessage,
    fingerprint: string | undefined,
    isConfluent: boolean
  ): string {
    const { lake, registry, topic: schemas } = this.#sources
    const where = `message ${topic}-${partition} at offset ${offset}`
    if (fingerprint === undefined && !isConfluent) {
      return `${where} does not say which schema it was written with: it is no message of Siskin's or of Fink's form`
    }
    const places = [
      ...(fingerprint === undefined ? [] : [`the topic ${schemas}`]),
      ...(fingerprint !== undefined && lake ? [`the lake ${lake.root}`] : []),
      ...(registry ? ['the registry'] : [])
    ]
    const looked = places.length > 0 ? `is not in ${places.join(', ')}` : 'was looked for nowhere'
    return `the schema of ${where} ${looked}: is --out-prefix right? Else say where it is with --registry or --lake`
  }
}
