import { UsageError } from '../errors.ts'

/** The id of the writer schema of a Confluent-wire packet; null for any other. */
export function wireId(packet: Buffer): number | null {
  return packet.length > 5 && packet[0] === 0 ? packet.readUInt32BE(1) : null
}

/**
 * The topic that the survey itself would use: ZTF one a night and programme, LSST one for each major
 * version of its schema. `night` is a text that holds the date as YYYYMMDD: an archive's name.
 * @throws UsageError if it holds none.
 */
export function topicOf(packet: Buffer, night: string): string {
  const id = wireId(packet)
  if (id !== null) return `lsst-alerts-v${Math.floor(id / 100)}`
  const date = /(?<!\d)20\d{6}(?!\d)/.exec(night)?.[0]
  if (date) return `ztf_${date}_programid1`
  throw new UsageError(
    `the night of "${night}" cannot be told from its name: say where it goes with --topic`
  )
}
