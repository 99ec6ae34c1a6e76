import { avroType } from '../avro/type.ts'
import { isContainer, readBlockHead, readHeader, SYNC_BYTES } from '../avro/heads.ts'
import type { ContainerHeader } from '../avro/heads.ts'
import { SiskinError } from '../errors.ts'
import type { Store } from '../store/store.ts'
import type { AlertRecord } from './record.ts'

const HEAD = 1024 * 1024
const BLOCK_HEAD = 20

/** A file of a topic: how many messages, of which format, and the first of them. */
export interface TopicSummary {
  /** Namespace and name of the message schema, e.g. `siskin.v1_0.alert`. */
  readonly format: string
  readonly messages: number
  readonly bytes: number
  readonly first: readonly AlertRecord[]
}

/** All files of topics in a folder. */
export interface TopicFolder extends TopicSummary {
  readonly files: number
}

/** The topic files of a folder together; null where there is none. Other files are left out. */
export async function openTopicFolder(store: Store, most: number): Promise<TopicFolder | null> {
  let sum: TopicFolder | null = null
  for (const { path } of await store.list('')) {
    if (!path.endsWith('.avro')) continue
    const own = await openTopicFile(store, path, most - (sum?.first.length ?? 0))
    if (own) sum = sum ? joined(sum, own) : { ...own, files: 1 }
    else if (!sum) return null // packets: a folder has many files, and no look into each is needed
  }
  return sum
}

function joined(sum: TopicFolder, own: TopicSummary): TopicFolder {
  const formats = new Set([...sum.format.split(', '), own.format])
  return {
    format: [...formats].join(', '),
    messages: sum.messages + own.messages,
    bytes: sum.bytes + own.bytes,
    first: [...sum.first, ...own.first],
    files: sum.files + 1
  }
}

/** A topic's file in short; null when it is not one of Siskin's own. */
export async function openTopicFile(
  store: Store,
  path: string,
  most: number
): Promise<TopicSummary | null> {
  const bytes = (await store.size(path)) ?? 0
  const head = await store.read(path, 0, Math.min(bytes, HEAD))
  if (!isContainer(head, 0)) return null
  const header = readHeader(head, 0, head.length)
  const schema = header && parsed(header.schema)
  if (!header || !schema?.namespace?.startsWith('siskin.')) return null
  const type = avroType(header.schema)
  const first: AlertRecord[] = []
  let messages = 0
  for await (const { start, size, packets } of blocks(store, path, bytes, header)) {
    messages += packets
    if (first.length >= most) continue
    const datum = Buffer.from(await store.read(path, start, size))
    first.push(withoutStamps(type.fromBuffer(datum) as Record<string, unknown>))
  }
  return { format: `${schema.namespace}.${schema.name ?? ''}`, messages, bytes, first }
}

function withoutStamps(message: Record<string, unknown>): AlertRecord {
  const kept = Object.entries(message).filter(([name]) => !name.startsWith('cutout_'))
  return Object.fromEntries(kept)
}

function parsed(text: Uint8Array): { namespace?: string; name?: string } | null {
  try {
    return JSON.parse(Buffer.from(text).toString()) as { namespace?: string; name?: string }
  } catch {
    return null
  }
}

async function* blocks(store: Store, path: string, bytes: number, header: ContainerHeader) {
  for (let at = header.end; at < bytes;) {
    const head = await store.read(path, at, Math.min(BLOCK_HEAD, bytes - at))
    const block = readBlockHead(head, 0, head.length)
    if (!block || at + block.start + block.size + SYNC_BYTES > bytes) {
      throw new SiskinError(`${path} ends inside the message at byte ${at}`)
    }
    yield { start: at + block.start, size: block.size, packets: block.packets }
    at += block.start + block.size + SYNC_BYTES
  }
}
