import { grown } from '../table/columns.ts'
import type { Decoder } from '../avro/compile.ts'
import type { WriterSchema } from './schemas.ts'
import type { SurveyReader } from './survey.ts'

/** Where the packet of each row lies: bytes to be kept verbatim, and the schema they were written with. */
export interface Origins {
  readonly buffers: Uint8Array[]
  buffer: Int32Array
  start: Float64Array
  length: Int32Array
  /** CRC-32 of the packet's bytes. */
  digest: Uint32Array
  schema: Int32Array
  readonly schemas: WriterSchema[]
  /** Place in the source: of the packet's block, or of the message it came in. */
  offset: Float64Array
}

/** One survey's table under construction, with the decoders bound to it. */
export class SurveyState {
  readonly reader: SurveyReader
  readonly origins: Origins
  readonly #decoders = new Map<WriterSchema, Decoder>()

  constructor(reader: SurveyReader, capacity: number, bytes: Uint8Array) {
    this.reader = reader
    this.origins = {
      buffers: [bytes],
      buffer: new Int32Array(capacity),
      start: new Float64Array(capacity),
      length: new Int32Array(capacity),
      digest: new Uint32Array(capacity),
      schema: new Int32Array(capacity),
      schemas: [],
      offset: new Float64Array(capacity)
    }
  }

  decoder(schema: WriterSchema): Decoder {
    let decoder = this.#decoders.get(schema)
    if (!decoder) {
      decoder = schema.compiled.bind(this.reader.sinks)
      this.#decoders.set(schema, decoder)
    }
    return decoder
  }

  /** Makes room for more rows; the decoders are bound to the new arrays when they are next needed. */
  grow(most: number): void {
    const { origins } = this
    this.reader.table.grow(most)
    const { capacity } = this.reader.table
    origins.buffer = grown(origins.buffer, new Int32Array(capacity))
    origins.start = grown(origins.start, new Float64Array(capacity))
    origins.length = grown(origins.length, new Int32Array(capacity))
    origins.digest = grown(origins.digest, new Uint32Array(capacity))
    origins.schema = grown(origins.schema, new Int32Array(capacity))
    origins.offset = grown(origins.offset, new Float64Array(capacity))
    this.#decoders.clear()
  }

  keep(row: number, buffer: number, start: number, length: number, schema: WriterSchema): void {
    const { origins } = this
    this.reader.keep()
    origins.buffer[row] = buffer
    origins.start[row] = start
    origins.length[row] = length
    let index = origins.schemas.indexOf(schema)
    if (index < 0) index = origins.schemas.push(schema) - 1
    origins.schema[row] = index
  }
}
