import type { Description } from './describe.ts'

/** A column of the quarantine files. */
export interface QuarantineColumn extends Description {
  readonly name: string
  readonly type: 'utf8' | 'int64' | 'binary'
}

/** Of a packet that could not be decoded: where it was, why it is here, and its bytes. */
export const QUARANTINE_COLUMNS = [
  {
    name: 'source',
    type: 'utf8',
    unit: '',
    ucd: 'meta.id;meta.file',
    doc: 'Source that the packet came from: an archive, a folder or a partition, by its name in the ledger.'
  },
  {
    name: 'position',
    type: 'int64',
    unit: '',
    ucd: 'meta.record;meta.file',
    doc: 'Ordinal of the packet in its source, from 0; of a partition its offset.'
  },
  {
    name: 'file',
    type: 'utf8',
    unit: '',
    ucd: 'meta.id;meta.file',
    doc: 'File that the packet lay in: the archive member, or the file of a folder.'
  },
  {
    name: 'byte_offset',
    type: 'int64',
    unit: '',
    ucd: 'meta.record;meta.file',
    doc: "First byte of the packet's block in the source, after inflating; null of a partition."
  },
  {
    name: 'reason',
    type: 'utf8',
    unit: '',
    ucd: 'meta.code.error',
    doc: 'Why it could not be decoded, as a code (`unsupported`, `truncated` …); docs/metrics.md lists them.'
  },
  {
    name: 'detail',
    type: 'utf8',
    unit: '',
    ucd: 'meta.note',
    doc: 'What exactly is wrong, with the value that was found.'
  },
  {
    name: 'packet',
    type: 'binary',
    unit: '',
    ucd: 'meta.record',
    doc: 'The bytes as they came: of the packet, or of its compressed block. Of packets in the same block behind it too, where the next is not known.'
  },
  {
    name: 'codec',
    type: 'utf8',
    unit: '',
    ucd: 'meta.code',
    doc: 'How the bytes are compressed, as Avro containers name it; `confluent`: a magic byte and the id of a schema come first; null: not known.'
  },
  {
    name: 'schema',
    type: 'utf8',
    unit: '',
    ucd: 'meta.id',
    doc: 'SHA-256 of the text of the writer schema, in hex; null: not known.'
  },
  {
    name: 'schema_text',
    type: 'binary',
    unit: '',
    ucd: 'meta.note',
    doc: 'The text of the writer schema, as JSON: in the first row of the file that names it, null in the others.'
  }
] as const satisfies readonly QuarantineColumn[]
