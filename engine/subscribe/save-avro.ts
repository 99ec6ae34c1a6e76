import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { layContainer, varint } from '../container.ts'
import { SISKIN_VERSION } from '../version.ts'
import type { Alert } from './alert.ts'
import type { Incoming } from './feed.ts'
import { nextName, refused } from './files.ts'

const SYNC_BYTES = 16

/**
 * Messages as they came, stamps included, in an Avro object container. It is readable at any time;
 * a schema that differs begins another file.
 */
export class AvroFile {
  readonly #path: string
  readonly written: string[] = []
  #file: FileHandle | null = null
  #schema = ''
  #sync: Uint8Array = new Uint8Array(0)

  constructor(path: string) {
    this.#path = path
  }

  /** On disk when it resolves. */
  async take(alerts: readonly Alert[]): Promise<void> {
    for (const { message } of alerts) {
      if (!this.#file || message.schema !== this.#schema) await this.#begin(message)
      const { datum } = message
      const head = Uint8Array.from([...varint(1), ...varint(datum.length)])
      await this.#file!.appendFile(Buffer.concat([head, datum, this.#sync]))
    }
    await this.#file?.datasync()
  }

  get isSettled(): boolean {
    return true
  }

  async #begin({ schema, topic }: Incoming): Promise<void> {
    await this.close()
    const path = nextName(this.#path, this.written.length)
    this.#file = await open(path, 'wx').catch((error: unknown) => refused(path, error))
    this.written.push(path)
    this.#schema = schema
    const metadata = { 'siskin.topic': topic, 'siskin.version': SISKIN_VERSION }
    const { pieces } = layContainer(path, Buffer.from(schema), metadata, [])
    const head = Buffer.concat(pieces)
    this.#sync = head.subarray(head.length - SYNC_BYTES)
    await this.#file.appendFile(head)
  }

  async close(): Promise<void> {
    await this.#file?.close()
    this.#file = null
  }
}
