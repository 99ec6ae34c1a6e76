import { parquetReadObjects } from 'hyparquet'
import { compressors } from '../lake/files/compressors.ts'
import { schemaIds } from '../decode/confluent.ts'
import { decodeRange } from '../decode/decode.ts'
import type { DecodeOptions } from '../decode/decode.ts'
import { BLOCK, WIRE, WIRE_BYTES } from '../packets.ts'
import type { Header, PacketRange } from '../packets.ts'
import type { PartFile, PartRecord } from '../lake/ledger.ts'
import { layPlaces, readPlaces } from '../lake/files/places.ts'
import type { InputPlace } from '../lake/files/places.ts'
import { rangeReads } from '../store/range-reads.ts'
import type { Store } from '../store/store.ts'
import type { Reason } from '../reasons.ts'
import { rangeOfFiles } from './stored.ts'

/** A packet in quarantine, or several where only the begin of the first is known: they lie behind it. */
interface Held {
  /** Its first row in the quarantine file. */
  readonly row: number
  /** Of each row that it stands for. */
  readonly positions: readonly number[]
  readonly reasons: readonly Reason[]
  readonly bytes: Uint8Array
  /** What they were written with; null where the quarantine does not know. */
  readonly writer: Header | null
}

/** Packets of a quarantine that decode now. */
export interface Freed {
  readonly range: PacketRange
  readonly rows: string
  readonly positions: string
  readonly reasons: Partial<Record<Reason, number>>
}

export interface RequeueDecoder {
  readonly decode: Pick<DecodeOptions, 'schemas' | 'surveys'>
  readonly resolve: (ids: Iterable<number>) => Promise<ReadonlyMap<number, Uint8Array>>
}

/**
 * The packets of a part's quarantine that decode now, as a range: those of the reasons asked for, and of rows that were
 * not taken before. Null: none does.
 */
export async function freedFrom(
  store: Store,
  record: PartRecord,
  file: PartFile,
  taken: ReadonlySet<number>,
  reasons: readonly Reason[] | null,
  decoder: RequeueDecoder
): Promise<Freed | null> {
  const held = await heldIn(store, file)
  const wanted = held.filter(
    ({ row, reasons: own }) => !taken.has(row) && (reasons === null || reasons.includes(own[0]!))
  )
  if (wanted.length === 0) return null
  const headers = await headersOf(store, record)
  const freed: { held: Held; range: PacketRange }[] = []
  for (const one of wanted) {
    const range = await decodable(one, record.source, headers, decoder)
    if (range) freed.push({ held: one, range })
  }
  if (freed.length === 0) return null
  const counts: Partial<Record<Reason, number>> = {}
  const rows: InputPlace[] = []
  const places: InputPlace[] = []
  for (const { row, positions, reasons: own } of freed.map(({ held: one }) => one)) {
    for (const [i, position] of positions.entries()) {
      const offset = position - record.first
      const before = places.at(-1)
      counts[own[i]!] = (counts[own[i]!] ?? 0) + 1
      rows.push({ offset: row + i, nth: 0 })
      places.push({ offset, nth: before?.offset === offset ? before.nth + 1 : 0 })
    }
  }
  const range = joined(freed.map(({ range: own }) => own))
  return { range, rows: layPlaces(rows), positions: layPlaces(places), reasons: counts }
}

async function heldIn(store: Store, { path, bytes }: PartFile): Promise<Held[]> {
  const rows = await parquetReadObjects({
    file: rangeReads(store, path, bytes),
    compressors,
    utf8: false
  })
  const schemas = new Map<string, Uint8Array>()
  const held: Held[] = []
  for (const [row, values] of rows.entries()) {
    const reason = textOf(values['reason']) as Reason
    const position = Number(values['position'])
    const before = held.at(-1)
    const writer = writerOf(values, schemas)
    if (reason === 'after-damage' && before) {
      const positions = [...before.positions, position]
      held[held.length - 1] = { ...before, positions, reasons: [...before.reasons, reason] }
    } else {
      const packet = values['packet'] as Uint8Array
      held.push({ row, positions: [position], reasons: [reason], bytes: packet, writer })
    }
  }
  return held
}

/** A text is in the first row that names it; files of before have none. */
function writerOf(
  values: Readonly<Record<string, unknown>>,
  schemas: Map<string, Uint8Array>
): Header | null {
  const name = textOf(values['schema'] ?? '')
  const text = values['schema_text'] as Uint8Array | null | undefined
  if (name !== '' && text) schemas.set(name, text)
  const schema = schemas.get(name)
  return schema ? { schema, codec: textOf(values['codec'] ?? '') } : null
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : Buffer.from(value as Uint8Array).toString()
}

/** The writer schemas of the packets that came with it: for those in quarantine that do not know theirs. */
async function headersOf(store: Store, { files }: PartRecord): Promise<Header[]> {
  const headers = new Map<string, Header>()
  for (const { kind, path, bytes } of files) {
    if (kind !== 'packets') continue
    const head = await store.read(path, 0, Math.min(bytes, 1024 * 1024)).catch(() => null)
    if (!head) continue
    const { headers: own } = await rangeOfFiles('', [head])
    for (const header of own) headers.set(Buffer.from(header.schema).toString(), header)
  }
  return [...headers.values()]
}

/** Its packets as a range of their own, if every one of them decodes: by itself, or with one of the schemas. */
async function decodable(
  { bytes, positions, writer }: Held,
  source: string,
  headers: readonly Header[],
  decoder: RequeueDecoder
): Promise<PacketRange | null> {
  if (bytes.length === 0) return null
  const packets = positions.length
  const written = writer ? [writer] : headers
  const known = written.map((header) => bare(source, bytes, packets, header))
  const own = await rangeOfFiles(source, [bytes])
  for (const range of writer ? [...known, own] : [own, ...known]) {
    if (range.count !== packets) continue
    const registered = await decoder.resolve(schemaIds(range))
    const options = { ...decoder.decode, registered, claim: () => true }
    if (decodeRange(range, options).quarantined.length === 0) return range
  }
  return null
}

/** Data of packets without a container around them. */
function bare(source: string, kept: Uint8Array, packets: number, header: Header): PacketRange {
  const isWire = header.codec === WIRE
  const bytes = isWire ? kept.subarray(WIRE_BYTES) : kept
  return {
    source,
    first: 0,
    count: packets,
    bytes: Uint8Array.from(bytes).buffer,
    blocks: Float64Array.of(0, bytes.length, 0, packets, 0, 0),
    headers: [isWire ? { ...header, codec: 'null' } : header],
    names: [source],
    faults: new Map()
  }
}

/** Ranges as one. */
function joined(ranges: readonly PacketRange[]): PacketRange {
  const contents = ranges.map(({ bytes }) => new Uint8Array(bytes))
  const bytes = Uint8Array.from(Buffer.concat(contents)).buffer
  const headers: Header[] = []
  const blocks: number[] = []
  let at = 0
  for (const [i, range] of ranges.entries()) {
    for (let from = 0; from < range.blocks.length; from += BLOCK.size) {
      const block = range.blocks.slice(from, from + BLOCK.size)
      const header = block[BLOCK.header]!
      block[BLOCK.start]! += at
      block[BLOCK.name] = 0
      if (header >= 0) block[BLOCK.header] = headers.push(range.headers[header]!) - 1
      blocks.push(...block)
    }
    at += contents[i]!.length
  }
  return {
    ...ranges[0]!,
    count: ranges.reduce((sum, { count }) => sum + count, 0),
    bytes,
    blocks: Float64Array.from(blocks),
    headers,
    faults: new Map()
  }
}

/** Rows of a quarantine that were requeued before. */
export function rowsTaken(requeued: readonly PartRecord[]): Set<number> {
  const rows = requeued.flatMap(({ requeued: own }) => readPlaces(own?.rows ?? ''))
  return new Set(rows.map(({ offset }) => offset))
}
