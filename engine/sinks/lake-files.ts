import { layAlerts } from '../lake/part.ts'
import type { PacketBytes } from '../lake/part.ts'
import type { Outgoing, Sink } from './sink.ts'

/** All alerts as Parquet, with their packets beside them. */
export const lakeFiles: Sink = {
  kind: 'lake',
  stage: 'parquet',
  encode: (outgoing) => {
    const { part, batch, nights, metadata } = outgoing
    return { files: layAlerts(part, batch, nights, packetsOf(outgoing), metadata) }
  }
}

function packetsOf({ alerts: { origins }, places, first }: Outgoing): PacketBytes {
  return {
    ...(places && {
      placeOf: (row) => ({ ...places[row]!, offset: places[row]!.offset - first })
    }),
    schemaOf: (row: number) => origins.schemas[origins.schema[row]!]!,
    digestOf: (row: number) => origins.digest[row]!,
    bytesOf: (row: number) => {
      const start = origins.start[row]!
      return origins.buffers[origins.buffer[row]!]!.subarray(start, start + origins.length[row]!)
    }
  }
}
