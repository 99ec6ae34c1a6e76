import type { Decoded } from '../decode/decode.ts'
import { placeName } from '../lake/files/places.ts'
import type { OriginOf } from '../publish/kafka.ts'
import type { EncodeRow, MessageFormat } from '../publish/message.ts'
import type { Enriched } from '../table/enriched.ts'
import type { Outgoing } from './sink.ts'

/** Encodes rows as messages, with the stamps of their packets. */
export function encoderOf({ origins }: Decoded, batch: Enriched, format: MessageFormat): EncodeRow {
  return format.bind(batch, (row) => origins.buffers[origins.buffer[row]!]!)
}

/** What a message says of the packet that it was made of. */
export function originOf({ source, batch, places }: Outgoing): OriginOf {
  const night = batch.table.fixed('night').values as Int32Array
  return (row) => ({ source: `${source}@${placeName(places![row]!)}`, night: night[row]! })
}
