import { crc32 } from 'node:zlib'
import { amount } from '../amount.ts'
import type { Survey } from '../contract/index.ts'
import { SiskinError } from '../errors.ts'
import { BLOCK, CONFLUENT, DAMAGED, MAX_PACKET_BYTES } from '../packets.ts'
import type { PacketRange, Quarantined, Registered } from '../packets.ts'
import { PacketError } from '../reasons.ts'
import type { AlertTable } from '../table/table.ts'
import { inflate } from '../avro/codecs.ts'
import { schemaText } from './confluent.ts'
import { lsstReader } from './lsst.ts'
import { Reader } from '../avro/reader.ts'
import { asPacketError, Rejects, UnwantedPacket } from './rejects.ts'
import type { SchemaCache, WriterSchema } from './schemas.ts'
import { SurveyState } from './survey-state.ts'
import type { Origins } from './survey-state.ts'
import { ztfReader } from './ztf.ts'

/** Rows that a table begins with. It grows with packets that decode: a block may claim far more. */
const FIRST_ROWS = 1024

/** Inflated bytes that a range may hold: its packets stay in memory until they are laid out. */
const MOST_INFLATED = 256 * 1024 * 1024

export interface Decoded {
  readonly table: AlertTable
  readonly origins: Origins
}

export interface DecodeResult {
  /** One table a survey that the range holds alerts of. */
  readonly alerts: Decoded[]
  readonly quarantined: Quarantined[]
  readonly duplicates: number
  /** Ids (in two words) and CRC-32 of the duplicates, by `survey/night`. */
  readonly copies: ReadonlyMap<string, readonly number[]>
}

export interface DecodeOptions {
  readonly schemas: SchemaCache
  /** Schema texts of Confluent ids; an id that is not in it goes to quarantine. */
  readonly registered: Registered
  readonly surveys: readonly Survey[]
  readonly claim: Claim
}

/** False for an alert that was met before: same survey, id (in two words) and bytes (by their CRC-32). */
type Claim = (survey: Survey, low: number, high: number, digest: number) => boolean

/** Packets to alert tables. Whatever a packet holds, it ends as an alert, a duplicate or in quarantine. */
export function decodeRange(range: PacketRange, options: DecodeOptions): DecodeResult {
  const decoding = new Decoding(range, options)
  const blocks = range.blocks.length / BLOCK.size
  for (let block = 0; block < blocks; block++) decoding.block(block)
  return decoding.result()
}

/** The packets of a range inflate to more than a member may hold: it is to be taken in by halves. */
class RangeTooLargeError extends SiskinError {
  override readonly name = 'RangeTooLargeError'
  override readonly code = 'range-too-large'

  constructor() {
    super(`its packets inflate to more than ${MOST_INFLATED} bytes: it is taken in by halves`)
  }
}

class Decoding {
  readonly #range: PacketRange
  readonly #options: DecodeOptions
  readonly #bytes: Uint8Array
  readonly #reader: Reader
  readonly #surveys = new Map<Survey, SurveyState>()
  /** By the text's own bytes, which a range holds once: no text is hashed twice. */
  readonly #schemas = new Map<Uint8Array, WriterSchema>()
  readonly #rejects: Rejects
  #duplicates = 0
  readonly #copies = new Map<string, number[]>()
  #inflated = 0
  #position: number
  #offset = 0

  constructor(range: PacketRange, options: DecodeOptions) {
    this.#range = range
    this.#options = options
    this.#bytes = new Uint8Array(range.bytes)
    this.#reader = new Reader(this.#bytes)
    this.#rejects = new Rejects(range, options.registered)
    this.#position = range.first
  }

  block(block: number): void {
    const { blocks, headers, faults } = this.#range
    const at = block * BLOCK.size
    const start = blocks[at + BLOCK.start]!
    const length = blocks[at + BLOCK.length]!
    const header = blocks[at + BLOCK.header]!
    const packets = blocks[at + BLOCK.packets]!
    const bytes = this.#bytes.subarray(start, start + length)
    this.#offset = blocks[at + BLOCK.offset]!
    try {
      if (header === DAMAGED) {
        const fault = faults.get(block)
        throw new PacketError(fault?.reason ?? 'bad-container', fault?.detail ?? '')
      }
      if (header === CONFLUENT) {
        this.#datum(
          this.#schema(schemaText(bytes, this.#options.registered)),
          this.#reader,
          0,
          start + 5,
          start + length,
          true
        )
        this.#position++
        return
      }
      const { schema, codec } = headers[header]!
      this.#container(this.#schema(schema), codec, bytes, start, packets, block)
    } catch (error) {
      if (error instanceof RangeTooLargeError) throw error
      this.#reject(block, bytes, packets, asPacketError(error))
    }
  }

  #container(
    schema: WriterSchema,
    codec: string,
    bytes: Uint8Array,
    start: number,
    packets: number,
    block: number
  ): void {
    if (codec !== 'null') return this.#compressed(schema, codec, bytes, packets, block)
    const end = start + bytes.length
    const damage = this.#data(schema, this.#reader, 0, start, end, packets, block)
    if (damage) this.#reject(block, bytes.subarray(damage.at - start), damage.left, damage.error)
  }

  /** What does not inflate is kept as it came; of a damaged packet inside, what it inflates to. */
  #compressed(
    schema: WriterSchema,
    codec: string,
    bytes: Uint8Array,
    packets: number,
    block: number
  ): void {
    const inflated = inflate(codec, bytes, packets)
    const isTooMuch = this.#inflated + inflated.length > MOST_INFLATED
    if (isTooMuch && this.#range.blocks.length > BLOCK.size) throw new RangeTooLargeError()
    const state = this.#state(schema.survey)
    const { table } = state.reader
    const rows = table.rows
    const rejects = this.#rejects.quarantined.length
    const buffer = state.origins.buffers.push(inflated) - 1
    const reader = new Reader(inflated)
    const damage = this.#data(schema, reader, buffer, 0, inflated.length, packets, block)
    if (damage) {
      const { error, left, at } = damage
      const place = `packet ${packets - left + 1} of ${packets} in a ${codec} block, kept inflated`
      const told = new PacketError(error.reason, `${error.message}; ${place}`)
      this.#reject(block, inflated.subarray(at), left, told, true)
    }
    const isKept = table.rows > rows || this.#rejects.quarantined.length > rejects
    if (isKept) this.#inflated += inflated.length
    if (table.rows === rows) state.origins.buffers.pop()
  }

  /** Decodes data that lie behind each other; what stopped it, and how many were left with it. */
  #data(
    schema: WriterSchema,
    reader: Reader,
    buffer: number,
    start: number,
    end: number,
    packets: number,
    block: number
  ): { error: PacketError; at: number; left: number } | null {
    let at = start
    for (let left = packets; left > 0; left--) {
      try {
        at = this.#datum(schema, reader, buffer, at, end, left === 1)
        this.#position++
      } catch (error) {
        if (!(error instanceof UnwantedPacket)) return { error: asPacketError(error), at, left }
        this.#reject(block, reader.bytes.subarray(at, error.end), 1, error, true)
        at = error.end
      }
    }
    return null
  }

  /** Decodes one datum into the next row of its survey's table; returns where it ended. */
  #datum(
    schema: WriterSchema,
    reader: Reader,
    buffer: number,
    start: number,
    end: number,
    isLast: boolean
  ): number {
    const state = this.#state(schema.survey)
    const { table } = state.reader
    const row = table.rows
    if (row === table.capacity) state.grow(this.#range.count)
    try {
      const reached = state.decoder(schema)(reader, start, end, row)
      if (reached > end)
        throw new PacketError('truncated', `${amount(reached - end, 'byte')} too few`)
      if (isLast && reached < end) {
        throw new PacketError('trailing-bytes', `${amount(end - reached, 'byte')} left over`)
      }
      if (reached - start > MAX_PACKET_BYTES) {
        throw new PacketError('oversized', `${reached - start} bytes`)
      }
      if (!this.#options.surveys.includes(schema.survey)) {
        throw new UnwantedPacket(schema.survey, reached)
      }
      state.reader.finish(row, schema)
      const { words } = table.fixed('alert_id')
      const digest = crc32(reader.bytes.subarray(start, reached))
      const mark = [words[row * 2]!, words[row * 2 + 1]!, digest] as const
      if (!this.#options.claim(schema.survey, ...mark)) {
        this.#copy(`${schema.survey}/${table.fixed('night').values[row]!}`, mark)
        state.reader.rollback(row)
        return reached
      }
      state.keep(row, buffer, start, reached - start, schema)
      state.origins.offset[row] = this.#offset
      state.origins.digest[row] = digest
      table.rows++
      return reached
    } catch (error) {
      state.reader.rollback(row)
      throw error
    }
  }

  #copy(night: string, mark: readonly number[]): void {
    this.#duplicates++
    const copies = this.#copies.get(night)
    if (copies) copies.push(...mark)
    else this.#copies.set(night, [...mark])
  }

  #schema(text: Uint8Array): WriterSchema {
    let schema = this.#schemas.get(text)
    if (!schema) {
      schema = this.#options.schemas.get(text, (survey) => this.#state(survey).reader)
      this.#schemas.set(text, schema)
    }
    return schema
  }

  #state(survey: Survey): SurveyState {
    let state = this.#surveys.get(survey)
    if (!state) {
      const make = survey === 'ztf' ? ztfReader : lsstReader
      const rows = Math.min(this.#range.count, FIRST_ROWS)
      state = new SurveyState(make(rows), rows, this.#bytes)
      this.#surveys.set(survey, state)
    }
    return state
  }

  #reject(
    block: number,
    bytes: Uint8Array,
    packets: number,
    error: PacketError,
    isInflated = false
  ): void {
    const position = this.#position
    this.#rejects.add({ block, position, packets, bytes, isInflated }, error)
    this.#position += packets
  }

  result(): DecodeResult {
    const alerts: Decoded[] = []
    for (const state of this.#surveys.values()) {
      if (state.reader.table.rows > 0) {
        alerts.push({ table: state.reader.table, origins: state.origins })
      }
    }
    const { quarantined } = this.#rejects
    return { alerts, quarantined, duplicates: this.#duplicates, copies: this.#copies }
  }
}
