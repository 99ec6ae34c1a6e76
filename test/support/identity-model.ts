/** The bytes of an ONNX model of one node: `y` is `x`, float32 of n rows and one column. */
export function identityModel(): Buffer {
  const shape = message(2, [message(1, [text(2, 'n')]), message(1, [whole(1, 1)])])
  const value = (field: number, name: string) =>
    message(field, [text(1, name), message(2, [message(1, [whole(1, 1), shape])])])
  const node = message(1, [text(1, 'x'), text(2, 'y'), text(4, 'Identity')])
  const graph = message(7, [node, text(2, 'g'), value(11, 'x'), value(12, 'y')])
  return Buffer.concat([whole(1, 8), graph, message(8, [text(1, ''), whole(2, 17)])])
}

function whole(field: number, value: number): Buffer {
  return Buffer.from([field << 3, value])
}

function text(field: number, value: string): Buffer {
  return Buffer.concat([Buffer.from([(field << 3) | 2, value.length]), Buffer.from(value)])
}

function message(field: number, parts: readonly Buffer[]): Buffer {
  const all = Buffer.concat(parts)
  return Buffer.concat([Buffer.from([(field << 3) | 2, all.length]), all])
}
