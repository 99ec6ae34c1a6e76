import { Int64, makeData, RecordBatch, Schema, Struct, Utf8, vectorFromArray } from 'apache-arrow'
import type { Data, Field } from 'apache-arrow'
import type { Moved } from '../lake/closed.ts'
import type { PartFile } from '../lake/ledger.ts'
import { DamagedFile } from './damaged.ts'
import type { ReadTable } from './part-table.ts'
import type { Takeable } from './taking.ts'

/** The file of alerts that a part has of the night. */
export function alertsOf({ files }: Pick<Takeable, 'files'>): PartFile {
  return files.find(({ kind }) => kind === 'alerts')!
}

/** The alerts of a part, its packets where they lie now, its modules as the newest layers have them. */
export async function loadAlerts(
  read: ReadTable,
  part: Takeable,
  moved: ReadonlyMap<string, Moved>,
  kept: ReadonlyMap<string, RecordBatch>
): Promise<RecordBatch> {
  const file = alertsOf(part)
  const own = kept.get(file.path) ?? (await read(file)).batch
  const alerts = pointed(own, moved, file.path)
  let batch = alerts
  for (const { layer, files } of part.layers) {
    const { batch: own } = await read(files[0]!)
    if (!sameIds(alerts, own)) {
      const path = files[0]!.path
      throw new DamagedFile(path, `${path} has not the alerts of ${file.path}, row by row`)
    }
    batch = withColumn(batch, fieldOf(own, layer.name), columnOf(own, layer.name)!)
  }
  return batch
}

function indexOf({ schema }: RecordBatch, name: string): number {
  return schema.fields.findIndex((field: Field) => field.name === name)
}

function columnOf(batch: RecordBatch, name: string): Data | undefined {
  return batch.data.children[indexOf(batch, name)] as Data | undefined
}

function fieldOf(batch: RecordBatch, name: string): Field {
  return batch.schema.fields[indexOf(batch, name)]!
}

/** 64-bit numbers of a column of a batch. */
export function longsOf(batch: RecordBatch, name: string): BigInt64Array {
  return columnOf(batch, name)!.values as BigInt64Array
}

export function textsOf(batch: RecordBatch, name: string): string[] {
  const { values, valueOffsets } = columnOf(batch, name) as Data<Utf8>
  const text = Buffer.from(values.buffer, values.byteOffset, values.byteLength)
  return Array.from({ length: batch.numRows }, (_, row) =>
    text.toString('utf8', valueOffsets[row], valueOffsets[row + 1])
  )
}

function sameIds(a: RecordBatch, b: RecordBatch): boolean {
  const [one, two] = [longsOf(a, 'alert_id'), longsOf(b, 'alert_id')]
  return one.length === two.length && Buffer.compare(bytesOf(one), bytesOf(two)) === 0
}

function bytesOf({ buffer, byteOffset, byteLength }: BigInt64Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

/** The batch with this column in the place of the one of its name, or behind all others. */
function withColumn(batch: RecordBatch, field: Field, column: Data): RecordBatch {
  const at = indexOf(batch, field.name)
  const fields = [...batch.schema.fields] as Field[]
  const children = [...batch.data.children] as Data[]
  fields[at < 0 ? fields.length : at] = field
  children[at < 0 ? children.length : at] = column
  const schema = new Schema(fields)
  const length = batch.numRows
  const data = makeData({ type: new Struct(fields), length, nullCount: 0, children })
  return new RecordBatch(schema, data)
}

function pointed(batch: RecordBatch, moved: ReadonlyMap<string, Moved>, path: string): RecordBatch {
  const offsets = longsOf(batch, 'packet_offset').slice()
  const files = textsOf(batch, 'packet_file').map((from, row) => {
    const there = moved.get(from)
    if (!there)
      throw new DamagedFile(path, `${path} points to ${from}, which is no file of its part`)
    offsets[row] = offsets[row]! + BigInt(there.at)
    return there.to
  })
  const length = batch.numRows
  const shift = makeData({ type: new Int64(), length, nullCount: 0, data: offsets })
  const names = vectorFromArray(files, new Utf8()).data[0]!
  const both = withColumn(batch, fieldOf(batch, 'packet_offset'), shift)
  return withColumn(both, fieldOf(batch, 'packet_file'), names)
}
