import type { Decoded } from '../../engine/decode/decode.ts'
import { layAlerts, nightsOf } from '../../engine/lake/part.ts'
import type { LaidFile, PacketBytes } from '../../engine/lake/part.ts'
import { Enriched } from '../../engine/table/enriched.ts'

/** The packet of each row, as the pipeline hands it to the lake. */
function packetBytes({ origins }: Decoded): PacketBytes {
  return {
    schemaOf: (row) => origins.schemas[origins.schema[row]!]!,
    digestOf: (row) => origins.digest[row]!,
    bytesOf: (row) => {
      const start = origins.start[row]!
      return origins.buffers[origins.buffer[row]!]!.subarray(start, start + origins.length[row]!)
    }
  }
}

/** A part of alerts without modules, or with those in `batch`. */
export function lay(
  part: string,
  decoded: Decoded,
  batch = new Enriched(decoded.table)
): LaidFile[] {
  return layAlerts(part, batch, nightsOf(batch), packetBytes(decoded), { 'siskin.part': part })
}

export function contentOf(file: LaidFile): Buffer {
  return Buffer.concat(file.pieces)
}
