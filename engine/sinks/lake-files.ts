import type { Survey } from '../contract/index.ts'
import { layAlerts } from '../lake/part.ts'
import type { PacketBytes } from '../lake/part.ts'
import type { Outgoing, Sink } from './sink.ts'

/** All alerts as Parquet, with their packets beside them, `compressed` of some surveys. */
export function lakeFiles(compressed: ReadonlySet<Survey>): Sink {
  return {
    kind: 'lake',
    stage: 'parquet',
    encode: (outgoing) => {
      const { part, batch, nights, metadata } = outgoing
      const isCompressed = compressed.has(batch.table.survey)
      const packets = { ...packetsOf(outgoing), isCompressed }
      return { files: layAlerts(part, batch, nights, packets, metadata) }
    }
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
