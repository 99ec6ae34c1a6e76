import type { Json } from '../packets/schema.ts'

type Named = { readonly [key: string]: Json }

/**
 * Reads one Avro value as far as it can be read: the most forgiving reader there could be. It stops
 * only where lengths, counts or union branches make no sense, so that damage costs no time.
 */
export class LenientReader {
  readonly bytes: Buffer
  at: number
  #types = new Map<string, Named>()

  constructor(bytes: Buffer, at: number) {
    this.bytes = bytes
    this.at = at
  }

  long(): number {
    let value = 0
    let factor = 1
    for (let i = 0; i < 10; i++) {
      const byte = this.#byte()
      value += (byte & 127) * factor
      factor *= 128
      if (byte < 128) return value % 2 === 0 ? value / 2 : -(value + 1) / 2
    }
    throw new Error('a number runs over ten bytes')
  }

  take(length: number): Buffer {
    if (!(length >= 0 && length <= this.bytes.length - this.at)) throw new Error('length')
    this.at += length
    return this.bytes.subarray(this.at - length, this.at)
  }

  value(schema: Json, namespace = ''): unknown {
    if (typeof schema === 'string') return this.#named(schema, namespace)
    if (Array.isArray(schema)) {
      const branch = (schema as readonly Json[])[this.long()]
      if (branch === undefined) throw new Error('no such branch')
      return this.value(branch, namespace)
    }
    if (schema === null || typeof schema !== 'object') throw new Error('not a schema')
    return this.#complex(schema as Named, namespace)
  }

  #named(name: string, namespace: string): unknown {
    if (name === 'null') return null
    if (name === 'boolean') return this.#byte() === 1
    if (name === 'int' || name === 'long') return this.long()
    if (name === 'float') return this.take(4).readFloatLE()
    if (name === 'double') return this.take(8).readDoubleLE()
    if (name === 'string' || name === 'bytes') return this.take(this.long())
    const type = this.#types.get(name.includes('.') ? name : `${namespace}.${name}`)
    if (!type) throw new Error(`no type ${name}`)
    return this.#complex(type, namespace)
  }

  #complex(schema: Named, namespace: string): unknown {
    const { type, fields, items } = schema
    if (type === 'array') return this.#array(items ?? null, namespace)
    if (type !== 'record') return this.value(type ?? null, namespace)
    const name = text(schema['name'])
    const space = schema['namespace'] === undefined ? namespace : text(schema['namespace'])
    const full = name.includes('.') ? name : `${space}.${name}`
    this.#types.set(full, schema)
    const inner = full.slice(0, full.lastIndexOf('.'))
    const record: Record<string, unknown> = {}
    for (const field of fields as readonly Named[]) {
      record[text(field['name'])] = this.value(field['type'] ?? null, inner)
    }
    return record
  }

  #array(items: Json, namespace: string): unknown[] {
    const list: unknown[] = []
    for (let count = this.long(); count !== 0; count = this.long()) {
      if (count < 0) this.long()
      if (Math.abs(count) > this.bytes.length - this.at) throw new Error('count')
      for (let i = 0; i < Math.abs(count); i++) list.push(this.value(items, namespace))
    }
    return list
  }

  #byte(): number {
    const byte = this.bytes[this.at++]
    if (byte === undefined) throw new Error('the bytes end')
    return byte
  }
}

function text(value: Json | undefined): string {
  if (typeof value !== 'string') throw new Error('not a name')
  return value
}
