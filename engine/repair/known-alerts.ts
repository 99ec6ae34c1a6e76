import { parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
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
 * Alerts of a part that lie in the lake already, byte for byte, in other parts of their nights: they were duplicates
 * when it was made, or came again since. One with other bytes is a correction, and none of these.
 */
export async function knownAlerts(store: Store, { record, files }: MadePart): Promise<Set<bigint>> {
  const own = new Map<bigint, Pointer>()
  const contents = new Map<string, Buffer>()
  for (const { account, pieces } of files) {
    const bytes = Buffer.concat(pieces)
    if (account.kind === 'packets') contents.set(account.path, bytes)
    if (account.kind !== 'alerts') continue
    const buffer = Uint8Array.from(bytes).buffer
    for (const pointer of await pointersIn(buffer)) own.set(pointer.id, pointer)
  }
  const known = new Set<bigint>()
  const mine = new Set(record.files.map(({ path }) => path))
  for (const key of Object.keys(record.nights)) {
    const [survey, night] = key.split('/')
    for (const { path, size } of await store.list(`${survey}/alerts/night=${night}`)) {
      if (mine.has(path) || !path.endsWith('.parquet')) continue
      const others = await pointersIn(rangeReads(store, path, size)).catch(() => [])
      for (const other of others) {
        const pointer = own.get(other.id)
        if (!pointer) continue
        const packet = await store.read(other.file, other.offset, other.length).catch(() => null)
        const { offset, length } = pointer
        const bytes = contents.get(pointer.file)?.subarray(offset, offset + length)
        if (packet && bytes && Buffer.compare(packet, bytes) === 0) known.add(other.id)
      }
    }
  }
  return known
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
