import type { DuckDBConnection } from '@duckdb/node-api'
import type { PartFile, PartRecord } from '../lake/ledger.ts'
import { placeName, readPlaces } from '../lake/files/places.ts'
import type { ClosedPackets, Packet } from './closed-packets.ts'

/**
 * Adds to the table `selected` (topic, alert_id) what parts from Kafka selected. Their messages are
 * not in the lake, but the ledger names the input message of every selected alert, and of every
 * packet that is kept.
 * @param alerts the lake's Parquet files, as a list in SQL.
 * @returns how many selected alerts have no packet with that place: they are not in the table.
 */
export async function loadStreamTopics(
  db: DuckDBConnection,
  records: readonly PartRecord[],
  closed: ClosedPackets,
  alerts: string
): Promise<number> {
  await db.run('CREATE TABLE chosen (topic VARCHAR, packet_file VARCHAR, nth BIGINT)')
  const appender = await db.createAppender('chosen')
  let lost = 0
  for (const record of records) {
    for (const { topic, packet: kept } of chosenOf(closed.before(record))) {
      const packet = kept && closed.now(kept)
      if (packet === undefined) {
        lost++
        continue
      }
      appender.appendVarchar(topic)
      appender.appendVarchar(packet.file)
      appender.appendBigInt(BigInt(packet.nth))
      appender.endRow()
    }
  }
  appender.closeSync()
  await db.run(
    `INSERT INTO selected
     WITH kept AS (SELECT alert_id, packet_file,
         row_number() OVER (PARTITION BY packet_file ORDER BY packet_offset) - 1 AS nth
       FROM read_parquet(${alerts}, union_by_name = true)
       WHERE packet_file IN (SELECT packet_file FROM chosen)),
     found AS (SELECT DISTINCT topic, alert_id FROM chosen JOIN kept USING (packet_file, nth))
     SELECT topic, alert_id FROM found ANTI JOIN selected USING (topic, alert_id)`
  )
  return lost
}

function* chosenOf({ filters, files }: PartRecord): Generator<{
  topic: string
  packet: Packet | undefined
}> {
  const nights = new Map<string, Map<string, Packet>>()
  for (const { topic, selected = {} } of Object.values(filters)) {
    for (const [night, text] of Object.entries(selected)) {
      const packets = nights.get(night) ?? packetsOf(night, files)
      nights.set(night, packets)
      for (const place of readPlaces(text)) yield { topic, packet: packets.get(placeName(place)) }
    }
  }
}

/** The packets that a part has of one `survey/night`, by the message they came in. */
function packetsOf(night: string, files: readonly PartFile[]): Map<string, Packet> {
  const folder = `${night.replace('/', '/packets/night=')}/`
  const packets = new Map<string, Packet>()
  for (const { path, places } of files) {
    if (places === undefined || !path.startsWith(folder)) continue
    readPlaces(places).forEach((place, nth) => packets.set(placeName(place), { file: path, nth }))
  }
  return packets
}
