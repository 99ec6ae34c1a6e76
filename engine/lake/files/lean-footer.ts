/** The key under which the writer keeps the Arrow schema: a third of the footer of a small part. */
const ARROW_SCHEMA = Buffer.from('ARROW:schema')

/** Footer's length and the magic number at the end of a file. */
const TAIL = 8
/** Field 5 of `FileMetaData`: key-value pairs. */
const KEY_VALUES = 5
const [BINARY, LIST, STRUCT] = [8, 9, 12]

/**
 * The same Parquet file without the Arrow schema in its footer. It tells readers nothing that Parquet's own types do not,
 * as our columns are numbers, texts, truth values and lists of them.
 */
export function withoutArrowSchema(file: Uint8Array): Uint8Array {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength)
  const end = bytes.length - TAIL
  const start = end - bytes.readUInt32LE(end)
  const footer = bytes.subarray(start, end)
  const list = keyValuesOf(footer)
  const kept = list.pairs.filter(([from, to]) => !isArrowSchema(footer.subarray(from, to)))
  if (kept.length === list.pairs.length) return file
  const lean = Buffer.concat([
    footer.subarray(0, list.from),
    Uint8Array.of((kept.length << 4) | STRUCT),
    ...kept.map(([from, to]) => footer.subarray(from, to)),
    footer.subarray(list.to)
  ])
  const tail = Buffer.from(bytes.subarray(end))
  tail.writeUInt32LE(lean.length)
  return Buffer.concat([bytes.subarray(0, start), lean, tail])
}

/** A pair begins with its key, field 1. */
function isArrowSchema(pair: Uint8Array): boolean {
  const head = Uint8Array.of((1 << 4) | BINARY, ARROW_SCHEMA.length)
  const begin = Buffer.concat([head, ARROW_SCHEMA])
  return Buffer.compare(pair.subarray(0, begin.length), begin) === 0
}

/** Where the list of key-value pairs lies in a footer, and each of its pairs. */
function keyValuesOf(footer: Uint8Array) {
  const cursor = new Compact(footer)
  for (let id = 0; ;) {
    const { type, id: next } = cursor.field(id)
    if (type === 0) return { from: 0, to: 0, pairs: [] }
    id = next
    if (id !== KEY_VALUES || type !== LIST) {
      cursor.skip(type)
      continue
    }
    const from = cursor.at
    const { size } = cursor.listHead()
    const pairs = Array.from({ length: size }, (): [number, number] => {
      const begin = cursor.at
      cursor.skip(STRUCT)
      return [begin, cursor.at]
    })
    return { from, to: cursor.at, pairs: size < 15 ? pairs : [] }
  }
}

/** Steps over values in Thrift's compact protocol, which footers are written in. */
class Compact {
  at = 0
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** Head of the field behind the one of number `before`; type 0: the struct ends. */
  field(before: number): { readonly type: number; readonly id: number } {
    const head = this.#bytes[this.at++]!
    const [delta, type] = [head >> 4, head & 15]
    if (head === 0 || delta > 0) return { type, id: before + delta }
    const id = this.#varint()
    return { type, id: (id >> 1) ^ -(id & 1) }
  }

  listHead(): { readonly size: number; readonly type: number } {
    const head = this.#bytes[this.at++]!
    return { size: head >> 4 === 15 ? this.#varint() : head >> 4, type: head & 15 }
  }

  skip(type: number): void {
    if (type === 3) this.at++
    else if (type >= 4 && type <= 6) this.#varint()
    else if (type === 7) this.at += 8
    else if (type === BINARY) this.at = this.#varint() + this.at
    else if (type === LIST || type === 10) this.#skipList()
    else if (type === STRUCT) this.#skipStruct()
    else if (type > 2) throw new Error(`a footer holds a value of the unknown type ${type}`)
  }

  #skipList(): void {
    const { size, type } = this.listHead()
    if (type === 1 || type === 2) this.at += size
    else for (let i = 0; i < size; i++) this.skip(type)
  }

  #skipStruct(): void {
    for (let id = 0; ;) {
      const field = this.field(id)
      if (field.type === 0) return
      id = field.id
      this.skip(field.type)
    }
  }

  /** Of those that are large only the end is of interest. */
  #varint(): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.#bytes[this.at++]!
      if (shift < 28) value |= (byte & 127) << shift
      if (byte < 128) return value
    }
  }
}
