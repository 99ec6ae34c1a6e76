import type { RecordBatch } from 'apache-arrow'
import { SiskinError } from '../errors.ts'
import type { Moved } from '../lake/closed.ts'
import type { PartFile } from '../lake/ledger.ts'
import type { Metadata } from '../lake/files/parquet.ts'
import type { Store } from '../store/store.ts'
import { gather } from '../reread/gather.ts'
import { loadAlerts } from './load.ts'
import type { RowKeys } from './order.ts'
import { Summed } from './summed.ts'
import type { Takeable } from './taking.ts'
import { inOrder } from './threads.ts'
import type { CloseThreads } from './threads.ts'

export interface AlertsMerge {
  readonly store: Store
  readonly threads: CloseThreads
  readonly folder: string
  readonly parts: readonly Takeable[]
  /** Bytes of the alerts of each part as they lie in memory. */
  readonly bytes: readonly number[]
  readonly keys: RowKeys
  /** Rows in the order of the sky, without those that are copies. */
  readonly order: Uint32Array
  readonly moved: ReadonlyMap<string, Moved>
  /** Alerts that were read already, by the path of their file. */
  readonly kept: ReadonlyMap<string, RecordBatch>
  readonly metadata: Metadata
  readonly target: number
  /** Rows of a row group. */
  readonly rowGroup: number
  /** Bytes of alerts that are held at a time. */
  readonly memory: number
  readonly pathOf: (nth: number) => string
  readonly onWritten: (bytes: number) => void
  readonly onStaged: () => void
}

/**
 * Writes the alerts of parts in the order of the sky. A stretch of the sky that fits into memory is read at a time, from each
 * part that has something of it: parts are what came in at one time, of one look at the sky, so most are read once.
 */
export async function writeAlerts(merge: AlertsMerge): Promise<PartFile[]> {
  const { store, threads, folder, target, rowGroup, metadata, pathOf, onStaged } = merge
  const groups = rowGroups(merge)
  const files: PartFile[] = []
  for (let next = await groups.next(); !next.done;) {
    const path = pathOf(files.length)
    const pieces: Uint8Array[] = []
    const sum = new Summed()
    let rows = 0
    const take = async () => {
      if (next.done) return null
      const batch = next.value
      rows += batch.numRows
      next = await groups.next()
      return batch
    }
    for await (const piece of threads.encode(metadata, rowGroup, target, take)) {
      pieces.push(sum.add(piece))
    }
    await store.write(`${folder}/${path}`, pieces)
    onStaged()
    files.push({ path, kind: 'alerts', rows, bytes: sum.bytes, crc32: sum.crc })
  }
  return files
}

async function* rowGroups(merge: AlertsMerge): AsyncGenerator<RecordBatch, void> {
  const { rowGroup } = merge
  for (const rows of stretches(merge)) {
    const loaded = await load(merge, rows)
    for (let from = 0; from < rows.length; from += rowGroup) {
      yield rowGroupOf(loaded, rows.subarray(from, from + rowGroup))
    }
  }
}

/** Of many parts a row group has rows of a few: columns of the others are not looked at. */
function rowGroupOf(loaded: Loaded, keys: Uint32Array): RecordBatch {
  const picked = { batch: new Uint32Array(keys.length), row: new Uint32Array(keys.length) }
  const used = new Map<number, number>()
  keys.forEach((key, i) => {
    const batch = loaded.batchOf(key)
    const at = used.get(batch) ?? used.size
    used.set(batch, at)
    picked.batch[i] = at
    picked.row[i] = loaded.rowOf(key)
  })
  const own = [...used.keys()].map((batch) => loaded.batches[batch]!)
  return gather(loaded.batches[0]!.schema, own, picked)
}

/** Rows that follow each other in the sky, as many as fit into memory: whole row groups, but the last. */
function* stretches({ order, keys, bytes, parts, memory, rowGroup }: AlertsMerge) {
  const rowBytes = parts.map(({ record }, i) => bytes[i]! / Math.max(1, record.alerts))
  let from = 0
  let held = 0
  for (let at = 0; at < order.length; at++) {
    held += rowBytes[keys.part[order[at]!]!]!
    if (held < memory || (at + 1 - from) % rowGroup !== 0) continue
    yield order.subarray(from, at + 1)
    from = at + 1
    held = 0
  }
  if (from < order.length) yield order.subarray(from)
}

interface Loaded {
  readonly batches: readonly RecordBatch[]
  batchOf(key: number): number
  rowOf(key: number): number
}

/** The rows of a stretch, and of no part more than those. */
async function load(
  { threads, parts, keys, moved, kept, onWritten }: AlertsMerge,
  rows: Uint32Array
): Promise<Loaded> {
  const batches: RecordBatch[] = []
  const places = new Map<number, number>()
  const rowAt = new Map<number, number>()
  const byPart = Map.groupBy(rows, (key) => keys.part[key]!)
  const tables = inOrder(byPart, threads.atOnce, ([part]) =>
    loadAlerts(threads.read, parts[part]!, moved, kept)
  )
  for await (const [[part, own], loaded] of tables) {
    const whole = await loaded()
    if (parts[part]!.layers.length > 0) expectSame(batches[0] ?? whole, whole, parts[part]!)
    places.set(part, batches.length)
    if (own.length === whole.numRows) {
      for (const key of own) rowAt.set(key, keys.row[key]!)
      batches.push(whole)
    } else {
      const row = Uint32Array.from(own, (key) => keys.row[key]!)
      own.forEach((key, i) => rowAt.set(key, i))
      batches.push(gather(whole.schema, [whole], { batch: new Uint32Array(row.length), row }))
    }
    onWritten(own.length)
  }
  return {
    batches,
    batchOf: (key) => places.get(keys.part[key]!)!,
    rowOf: (key) => rowAt.get(key)!
  }
}

/** Of parts the group has said that they have the same columns; of their layers not. */
function expectSame(first: RecordBatch, own: RecordBatch, { record }: Takeable): void {
  const textOf = ({ schema }: RecordBatch) => schema.fields.map(String).join()
  if (first.schema === own.schema || textOf(first) === textOf(own)) return
  throw new SiskinError(`part ${record.part}: its columns are not those of its neighbours`)
}
