import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { emptyBook } from '../../../engine/consume/book.ts'
import type { SourceBook } from '../../../engine/consume/book.ts'
import { Notes } from '../../../engine/consume/notes.ts'
import { openSources } from '../../../engine/consume/open.ts'
import type { Span } from '../../../engine/consume/source.ts'
import { packetsIn, readAll } from '../../support/archives.ts'
import { writeContainer } from '../../support/avro.ts'
import { temporaryFolder } from '../../support/siskin.ts'
import { encode, ztfAlert, ztfSchema } from '../../support/synthetic.ts'

export const MIB = 1024 * 1024
/** Removed after the tests of a file. */
export const root = temporaryFolder()
let made = 0

/** A place below `root` that nothing lies at yet. */
export function place(...names: string[]): string {
  return join(root, `${made++}`, ...names)
}

/** A folder of the test's own with these files. */
export function folder(
  files: Readonly<Record<string, Uint8Array>> = {},
  name = `f${made++}`
): string {
  const path = join(root, `${made++}`, name)
  mkdirSync(path, { recursive: true })
  for (const [file, bytes] of Object.entries(files)) put(join(path, file), bytes)
  return path
}

export function put(path: string, bytes: Uint8Array): string {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, bytes)
  return path
}

/** A container of alerts [from, to). */
export function alerts(from: number, to: number, codec = 'null'): Buffer {
  const schema = ztfSchema()
  const data = Array.from({ length: to - from }, (_, i) => encode(schema, ztfAlert(from + i)))
  return writeContainer(JSON.stringify(schema), data, codec, 1)
}

/** A lake without files: what its sources gave is what it holds. */
export class Lake {
  readonly done = new Map<string, Span[]>()
  readonly book: SourceBook = {
    ...emptyBook(),
    done: async (name) => this.done.get(name) ?? []
  }

  async take(path: string, replace = false) {
    const said: string[] = []
    const notes = new Notes((text) => said.push(text))
    const sources = await openSources([path], { book: this.book, replace, notes })
    const names = sources.map(({ name }) => name)
    const files: string[] = []
    let packets = 0
    for (const source of sources) {
      const done = this.done.get(source.name) ?? []
      const { ranges } = await readAll(source, { done, cut: { packets: 2, bytes: 1e9 } })
      for (const { first, count } of ranges) {
        this.done.set(source.name, [
          ...(this.done.get(source.name) ?? []),
          [first, first + count - 1]
        ])
        packets += count
      }
      files.push(...packetsIn(ranges).map(({ name }) => name))
    }
    return { names, packets, files, said: said.join('\n'), skipped: notes.skippedText }
  }

  async count(name: string): Promise<number | null> {
    const record = await this.book.load(name)
    return record && 'count' in record ? record.count : null
  }
}

/** What an archive or a folder gives, and what is said of it. */
export async function readPath(path: string, cut = { packets: 1000, bytes: 8 * MIB }) {
  const said: string[] = []
  const notes = new Notes((text) => said.push(text))
  const [source] = await openSources([path], { notes })
  const { ranges, damage } = await readAll(source!, { cut })
  return {
    ranges,
    damage,
    names: packetsIn(ranges).map(({ name }) => name),
    faults: ranges.flatMap((range) => [...range.faults.values()]),
    said: said.join('\n'),
    skipped: notes.skippedText
  }
}

export function read(name: string, bytes: Uint8Array, cut?: { packets: number; bytes: number }) {
  const path = join(root, `${made++}-${name}`)
  writeFileSync(path, bytes)
  return readPath(path, cut)
}
