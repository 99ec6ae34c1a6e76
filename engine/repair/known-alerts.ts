import { crc32 } from 'node:zlib'
import { parquetReadObjects } from 'hyparquet'
import { compressors } from '../lake/files/compressors.ts'
import { inflate } from '../avro/codecs.ts'
import type { Survey } from '../contract/index.ts'
import { MarkTable } from '../duplicates/mark-table.ts'
import { PacketFiles } from '../lake/files/packet-files.ts'
import { rangeReads } from '../store/range-reads.ts'
import type { Store } from '../store/store.ts'
import type { MadePart } from '../pipeline.ts'

const POINTER = ['alert_id', 'packet_file', 'packet_offset', 'packet_length']

interface Pointer {
  readonly id: bigint
  readonly file: string
  readonly offset: number
  readonly length: number
}

/**
 * Marks of alerts of a part that lie in the lake already, byte for byte, in other parts of their nights: they were
 * duplicates when it was made, or came again since. One with other bytes is a correction, and none of these.
 */
export async function knownAlerts(store: Store, made: MadePart): Promise<MarkTable> {
  const own = await packetsById(made)
  const known = new MarkTable()
  const packets = new PacketFiles(store)
  const mine = new Set(made.record.files.map(({ path }) => path))
  for (const key of Object.keys(made.record.nights)) {
    const [survey, night] = key.split('/') as [Survey, string]
    for (const { path, size } of await store.list(`${survey}/alerts/night=${night}`)) {
      if (mine.has(path) || !path.endsWith('.parquet')) continue
      const others = await pointersIn(rangeReads(store, path, size)).catch(() => [])
      for (const { id, file, offset, length } of others) {
        const versions = own.get(id)
        if (!versions) continue
        const packet = await packets.read({ path: file, offset, length }).catch(() => null)
        if (!packet || !versions.some((bytes) => Buffer.compare(packet, bytes) === 0)) continue
        known.add(survey, Number(id & WORD), Number((id >> 32n) & WORD), crc32(packet))
      }
    }
  }
  return known
}

const WORD = 0xffffffffn

/** The packets of the alerts of a part: a correction has the id of its first version. */
async function packetsById({ files }: MadePart): Promise<Map<bigint, Uint8Array[]>> {
  const contents = new Map<string, { bytes: Buffer; codec: string | undefined }>()
  for (const { account, pieces } of files) {
    const { kind, path, codec } = account
    if (kind === 'packets') contents.set(path, { bytes: Buffer.concat(pieces), codec })
  }
  const packets = new Map<bigint, Uint8Array[]>()
  for (const { account, pieces } of files) {
    if (account.kind !== 'alerts') continue
    const buffer = Uint8Array.from(Buffer.concat(pieces)).buffer
    for (const { id, file, offset, length } of await pointersIn(buffer)) {
      const own = contents.get(file)
      if (!own) continue
      const block = own.bytes.subarray(offset, offset + length)
      const packet = own.codec === undefined ? block : inflate(own.codec, block, 1)
      packets.set(id, [...(packets.get(id) ?? []), packet])
    }
  }
  return packets
}

async function pointersIn(
  file: Parameters<typeof parquetReadObjects>[0]['file']
): Promise<Pointer[]> {
  const rows = await parquetReadObjects({ file, columns: POINTER, compressors })
  return rows.map((row) => ({
    id: row['alert_id'] as bigint,
    file: String(row['packet_file']),
    offset: Number(row['packet_offset']),
    length: Number(row['packet_length'])
  }))
}
