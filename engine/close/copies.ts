import { crc32 } from 'node:zlib'
import { readMarks } from '../duplicates/marks.ts'
import type { Marks } from '../duplicates/marks.ts'
import type { PartFile, PartRecord } from '../lake/ledger.ts'
import type { Store } from '../store/store.ts'
import { longsOf, textsOf } from './load.ts'
import type { RowKeys } from './order.ts'
import type { ReadTable } from './part-table.ts'

/** A file of alerts whose rows are among the keys, by the number of its part there. */
export interface KeyedFile {
  readonly record: PartRecord
  readonly file: PartFile
}

export interface FoundCopies {
  /** Rows that repeat the packet of another, byte for byte. */
  readonly rows: ReadonlySet<number>
  /** Their packets, by file: counted from 0. */
  readonly packets: ReadonlyMap<string, readonly number[]>
}

/**
 * Copies that different members or runs took in: of those of one alert the last stays, as every view shows it; none stays of
 * what an earlier close of the night has. Told by id and the CRC-32 of the packet, which the record of a part knows.
 * @param before files from this one on are of earlier closes
 */
export async function findCopies(
  { store, read }: { readonly store: Store; readonly read: ReadTable },
  night: string,
  keys: RowKeys,
  files: readonly KeyedFile[],
  before: number
): Promise<FoundCopies> {
  const rows = new Set<number>()
  const packets = new Map<string, number[]>()
  const pointers = new Pointers(store, read, night, files)
  for (const group of keys.repeated()) {
    const kept = new Map<number, { readonly key: number; readonly place: Place }>()
    for (const key of group) {
      const part = keys.part[key]!
      const place = await pointers.at(part, keys.row[key]!)
      const digest = await pointers.digest(part, keys.id[key]!, place)
      const own = { key, place }
      const other = kept.get(digest)
      if (!other) {
        kept.set(digest, own)
        continue
      }
      const isBefore = ({ key: one }: typeof own) => keys.part[one]! >= before
      if (isBefore(own) && isBefore(other)) continue
      const isLast = isBefore(own) || (!isBefore(other) && comparePlaces(place, other.place) > 0)
      const [stays, goes] = isLast ? [own, other] : [other, own]
      kept.set(digest, stays)
      rows.add(goes.key)
      packets.set(goes.place.file, [...(packets.get(goes.place.file) ?? []), goes.place.nth])
    }
  }
  return { rows, packets }
}

interface Place {
  readonly file: string
  readonly offset: number
  readonly length: number
  /** Which packet of its file. */
  readonly nth: number
}

function comparePlaces(a: Place, b: Place): number {
  return a.file === b.file ? a.offset - b.offset : a.file < b.file ? -1 : 1
}

/** A few files are remembered: those of one alert, and of its neighbours, are asked for one after the other. */
const REMEMBERED = 32

/** Where the packets of rows lie, and what tells them from others. */
class Pointers {
  readonly #store: Store
  readonly #read: ReadTable
  readonly #night: string
  readonly #files: readonly KeyedFile[]
  readonly #places = new Map<number, readonly Place[]>()
  readonly #marks = new Map<number, Marks | null>()

  constructor(store: Store, read: ReadTable, night: string, files: readonly KeyedFile[]) {
    this.#store = store
    this.#read = read
    this.#night = night
    this.#files = files
  }

  async at(part: number, row: number): Promise<Place> {
    const places = this.#places.get(part) ?? (await placesOf(this.#read, this.#files[part]!))
    this.#places.delete(part)
    this.#places.set(part, places)
    const [oldest = part] = this.#places.keys()
    if (this.#places.size > REMEMBERED) this.#places.delete(oldest)
    return places[row]!
  }

  async digest(part: number, id: bigint, place: Place): Promise<number> {
    return this.#marked(part, id) ?? crc32(await this.#packet(place))
  }

  #packet({ file, offset, length }: Place): Promise<Uint8Array> {
    return this.#store.read(file, offset, length)
  }

  /** By the record of the part, where it has the id once. */
  #marked(part: number, id: bigint): number | null {
    let marks = this.#marks.get(part)
    if (marks === undefined) {
      const { record } = this.#files[part]!
      marks = readMarks(record.marks ?? {}).get(this.#night) ?? null
      this.#marks.set(part, marks)
    }
    if (!marks) return null
    const [low, high] = [Number(id & 0xffffffffn), Number((id >> 32n) & 0xffffffffn)]
    const isOf = (at: number) =>
      at < marks.count && marks.at(at)[0] === low && marks.at(at)[1] === high
    const at = marks.from(low, high)
    return isOf(at) && !isOf(at + 1) ? marks.at(at)[2] : null
  }
}

const POINTER = ['packet_file', 'packet_offset', 'packet_length']

async function placesOf(read: ReadTable, { file }: KeyedFile): Promise<Place[]> {
  const { batch } = await read(file, POINTER)
  const files = textsOf(batch, 'packet_file')
  const offsets = longsOf(batch, 'packet_offset')
  const lengths = batch.getChild('packet_length')!.toArray() as Int32Array
  const order = files
    .map((own, row) => ({ own, row }))
    .sort((a, b) => {
      return a.own === b.own ? Number(offsets[a.row]! - offsets[b.row]!) : a.own < b.own ? -1 : 1
    })
  const nth = new Map<number, number>()
  for (let i = 0, n = 0; i < order.length; i++) {
    n = order[i - 1]?.own === order[i]!.own ? n + 1 : 0
    nth.set(order[i]!.row, n)
  }
  return files.map((own, row) => {
    const [offset, length] = [Number(offsets[row]), lengths[row]!]
    return { file: own, offset, length, nth: nth.get(row)! }
  })
}
