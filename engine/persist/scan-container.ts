/** Counts the data of an Avro object container, block by block. @throws where a block does not end in its sync marker. */
export function scanContainer(bytes: Uint8Array): number {
  const cursor = { at: 4 }
  for (let entries = long(bytes, cursor); entries !== 0; entries = long(bytes, cursor)) {
    for (let i = 0; i < entries * 2; i++) {
      const size = long(bytes, cursor)
      cursor.at += size
    }
  }
  const sync = bytes.subarray(cursor.at, cursor.at + 16)
  cursor.at += 16
  let count = 0
  while (cursor.at < bytes.length) {
    count += long(bytes, cursor)
    const size = long(bytes, cursor)
    cursor.at += size
    if (Buffer.compare(bytes.subarray(cursor.at, cursor.at + 16), sync) !== 0) {
      throw new Error(`no sync marker at byte ${cursor.at}`)
    }
    cursor.at += 16
  }
  return count
}

function long(bytes: Uint8Array, cursor: { at: number }): number {
  let value = 0
  let scale = 1
  for (;;) {
    const byte = bytes[cursor.at++]
    if (byte === undefined) throw new Error('it ends too early')
    value += (byte & 0x7f) * scale
    scale *= 128
    if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }
}
