import { layContainer, varint } from '../../avro/container.ts'
import { SISKIN_VERSION } from '../../version.ts'
import { TOPIC } from '../alert.ts'
import type { Alert } from '../alert.ts'
import type { Incoming } from '../feed.ts'
import { GrowingFile, nextName } from './files.ts'

const SYNC_BYTES = 16

/**
 * Messages as they came, stamps included, in an Avro object container. It is readable at any time;
 * a schema that differs begins another file. Of several topics each message says which it was in: a
 * record of Avro is its fields one after the other, so that field is put before the others.
 */
export class AvroFile {
  readonly #path: string
  readonly #several: boolean
  readonly written: string[] = []
  #file: GrowingFile | null = null
  #schema = ''
  #hasTopic = false
  #sync: Uint8Array = new Uint8Array(0)

  constructor(path: string, several: boolean) {
    this.#path = path
    this.#several = several
  }

  /** On disk when it resolves. */
  async take(alerts: readonly Alert[]): Promise<void> {
    for (const { message } of alerts) {
      if (!this.#file || message.schema !== this.#schema) await this.#begin(message)
      const before = this.#hasTopic ? textOf(message.topic) : Buffer.alloc(0)
      const { datum } = message
      const head = Uint8Array.from([...varint(1), ...varint(before.length + datum.length)])
      await this.#append(Buffer.concat([head, before, datum, this.#sync]))
    }
    await this.#file?.flush()
  }

  get isFlushed(): boolean {
    return true
  }

  async #begin({ schema, topic }: Incoming): Promise<void> {
    await this.#file?.flush()
    await this.close()
    const path = nextName(this.#path, this.written.length)
    this.#file = await GrowingFile.begin(path)
    this.written.push(path)
    this.#schema = schema
    const own = this.#several ? {} : { 'siskin.topic': topic }
    const metadata = { ...own, 'siskin.version': SISKIN_VERSION }
    const withTopic = this.#several ? schemaWithTopic(schema) : null
    this.#hasTopic = withTopic !== null
    const { pieces } = layContainer(path, Buffer.from(withTopic ?? schema), metadata, [])
    const head = Buffer.concat(pieces)
    this.#sync = head.subarray(head.length - SYNC_BYTES)
    await this.#append(head)
  }

  async #append(bytes: Buffer): Promise<void> {
    await this.#file!.append(bytes)
  }

  async close(): Promise<void> {
    await this.#file?.close()
    this.#file = null
  }
}

/** A record's schema with the topic as its first field; null where it has such a field already. */
function schemaWithTopic(schema: string): string | null {
  const record = JSON.parse(schema) as { readonly fields: readonly { readonly name: string }[] }
  if (record.fields.some(({ name }) => name === TOPIC)) return null
  const field = { name: TOPIC, type: 'string', doc: 'The topic that the alert was read from.' }
  return JSON.stringify({ ...record, fields: [field, ...record.fields] })
}

function textOf(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([Uint8Array.from(varint(bytes.length)), bytes])
}
