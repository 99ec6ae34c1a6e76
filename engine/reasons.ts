/**
 * Why a packet is in quarantine. The codes are part of the ledger and of `--json` output.
 */
export const REASONS = {
  'not-avro': 'neither an Avro object container nor a Confluent-wire packet',
  'bad-container': 'the container of the packet is damaged (header, block or sync marker)',
  'bad-codec': 'the container is compressed with a codec that is not known, or does not inflate',
  'unreadable-schema': 'the writer schema is not an Avro schema',
  'unknown-schema': 'no schema of this id in the registry',
  'wrong-survey': 'the packet is not of a survey that is asked for',
  unsupported: 'a version of the schema whose names are not known',
  truncated: 'the packet ends before its last field',
  'trailing-bytes': 'bytes are left over after the last field',
  'bad-union': 'a union branch that the schema does not have',
  'bad-length': 'a length or count that the packet cannot hold',
  'missing-id': 'no usable alert id or object id',
  'missing-time': 'no usable time',
  'missing-position': 'no usable position',
  oversized: 'larger than a packet may be',
  'after-damage': 'in the same block as a damaged packet: its start is not known',
  poison: 'it stopped the member that worked on it, more than once'
} as const

export type Reason = keyof typeof REASONS

/** Thrown while a packet is decoded; always ends in quarantine, never stops the batch. */
export class PacketError extends Error {
  override readonly name = 'PacketError'
  readonly reason: Reason

  constructor(reason: Reason, detail: string) {
    super(detail)
    this.reason = reason
  }
}
