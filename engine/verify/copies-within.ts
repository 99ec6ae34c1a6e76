import { parquetReadObjects } from 'hyparquet'
import { compressors } from '../lake/files/compressors.ts'
import { amount, are } from '../amount.ts'
import { Marks, readMarks } from '../duplicates/marks.ts'
import type { Finding } from './finding.ts'
import { spanOfPart } from '../lake/ledger.ts'
import type { PositionSpan } from '../lake/ledger.ts'
import { PacketFiles } from '../lake/files/packet-files.ts'
import { rangeReads } from '../store/range-reads.ts'
import type { Store, StoredFile } from '../store/store.ts'
import { recordsAt } from '../lake/records.ts'

/** What came again in one source, by rows behind the first of their id. */
export interface Again {
  /** Corrections: other bytes than those before. */
  readonly revised: number
  /** The same bytes as one before. */
  readonly same: number
  /** Of these, some ids. */
  readonly named: readonly bigint[]
  /** Ids that were not compared: what they are is not known. */
  readonly unknown: number
}

/** Ids whose packets are read and compared where the records of the parts do not say what came again. */
const COMPARED = 1000
const NAMED = 20

/**
 * Compares by the digests that the records of the parts hold: all ids, and no packet is read. Null if the records do not
 * speak of every row.
 *
 * @param rows that the files of the source have. @param ids those that are there more than once.
 */
export async function againByMarks(
  store: Store,
  night: string,
  source: string,
  files: readonly StoredFile[],
  rows: number,
  ids: readonly bigint[]
): Promise<Again | null> {
  const key = night.replace('/alerts/night=', '/')
  const spans = files.flatMap(({ path }) => spanOfPart(path) ?? [])
  const wanted = new Set(ids)
  const words: number[] = []
  let marked = 0
  try {
    for await (const record of recordsAt(store, source, once(spans))) {
      for (const mark of readMarks(record.marks ?? {}).get(key) ?? []) {
        marked++
        if (wanted.has(idOf(mark))) words.push(...mark)
      }
    }
  } catch {
    return null // a record that cannot be read is named elsewhere
  }
  return marked === rows ? compareMarks(Marks.of(Uint32Array.from(words)), ids.length) : null
}

/** A part may have files of several nights and kinds. */
function once(spans: readonly PositionSpan[]): PositionSpan[] {
  return [...new Map(spans.map((span) => [span.first, span])).values()]
}

function idOf([low, high]: [number, number, number]): bigint {
  return (BigInt(high | 0) << 32n) | BigInt(low)
}

function compareMarks(marks: Marks, ids: number): Again {
  const named = new Set<bigint>()
  let same = 0
  let before: [number, number, number] | null = null
  for (const mark of marks) {
    if (before?.every((word, i) => word === mark[i])) {
      same++
      if (named.size < NAMED) named.add(idOf(mark))
    }
    before = mark
  }
  return { revised: marks.count - ids - same, same, named: [...named], unknown: 0 }
}

const POINTER = ['alert_id', 'packet_file', 'packet_offset', 'packet_length']

/** Compares packets byte by byte, of so many ids as that is done in a short time. */
export async function againByBytes(
  store: Store,
  files: readonly StoredFile[],
  ids: readonly bigint[]
): Promise<Again> {
  const wanted = new Set(ids.slice(0, COMPARED))
  const firsts = new Map<bigint, Uint8Array | null>()
  const named = new Set<bigint>()
  const unread = new Set<bigint>()
  let [revised, same] = [0, 0]
  const packets = new PacketFiles(store)
  for (const { path, size } of files) {
    const file = rangeReads(store, path, size)
    const rows = await parquetReadObjects({ file, columns: POINTER, compressors }).catch(() => [])
    for (const row of rows) {
      const id = row['alert_id'] as bigint
      if (!wanted.has(id)) continue
      const [offset, length] = [Number(row['packet_offset']), Number(row['packet_length'])]
      const place = { path: String(row['packet_file']), offset, length }
      const bytes = await packets.read(place).catch(() => null)
      const first = firsts.get(id)
      if (first === undefined) firsts.set(id, bytes)
      else if (!first || !bytes) unread.add(id)
      else if (Buffer.compare(first, bytes) !== 0) revised++
      else {
        same++
        if (named.size < NAMED) named.add(id)
      }
    }
  }
  return { revised, same, named: [...named], unknown: ids.length - wanted.size + unread.size }
}

/** What is in twice is a difference; what was not compared is only told. */
export function findingsOf(
  source: string,
  night: string,
  { same, named, unknown }: Again
): Finding[] {
  const findings: Finding[] = []
  if (same > 0) {
    const text = `source ${source}: ${amount(same, 'alert')} of ${night} ${are(same)} in twice, among ${named.join(', ')}`
    findings.push({ kind: 'other', text, isDifference: true })
  }
  if (unknown > 0) {
    const text = `source ${source}: ${unknown} ids of ${night} came again and were not compared: copies or corrections`
    findings.push({ kind: 'other', text, isDifference: false })
  }
  return findings
}
