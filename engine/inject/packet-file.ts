import { closeSync, openSync, writeSync } from 'node:fs'
import { layHead, syncOf, varint } from '../avro/container.ts'

/** Writes bare Avro data into an object container, a block each, as they come. */
export class PacketFile {
  readonly #file: number
  readonly #sync: Uint8Array
  packets = 0

  constructor(path: string, name: string, schema: string) {
    this.#file = openSync(path, 'w')
    this.#sync = syncOf(name)
    writeSync(this.#file, layHead(name, Buffer.from(schema), 'null', {}))
  }

  add(datum: Uint8Array): void {
    const head = Uint8Array.from([...varint(1), ...varint(datum.length)])
    writeSync(this.#file, Buffer.concat([head, datum, this.#sync]))
    this.packets++
  }

  close(): void {
    closeSync(this.#file)
  }
}
