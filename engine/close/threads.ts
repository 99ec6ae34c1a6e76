import { Worker } from 'node:worker_threads'
import type { RecordBatch } from 'apache-arrow'
import { SiskinError } from '../errors.ts'
import { ipcOfBatch, parquetOf } from '../lake/files/parquet.ts'
import type { PartFile } from '../lake/ledger.ts'
import type { Store } from '../store/store.ts'
import { DamagedFile } from './damaged.ts'
import { PartTable, readRaw } from './part-table.ts'
import type { RawTable, ReadTable } from './part-table.ts'

/** What is asked of a thread. */
export type ToThread =
  | {
      readonly kind: 'read'
      readonly id: number
      readonly file: PartFile
      readonly columns: readonly string[] | null
    }
  | {
      readonly kind: 'encode'
      readonly metadata: Readonly<Record<string, string>>
      readonly rows: number
      readonly full: number
    }
  /** The next row group as Arrow's stream; null: there is none left. */
  | { readonly kind: 'batch'; readonly ipc: Uint8Array | null }

export type FromThread =
  | { readonly kind: 'raw'; readonly id: number; readonly raw: RawTable }
  | {
      readonly kind: 'failed'
      readonly id: number
      readonly message: string
      readonly path: string | null
    }
  | { readonly kind: 'want' }
  | { readonly kind: 'piece'; readonly bytes: Uint8Array }
  | { readonly kind: 'encoded'; readonly error: string | null }

/** Who unpacks files of alerts and packs the new ones. The bytes do not depend on how many they are. */
export interface CloseThreads {
  readonly read: ReadTable
  /** A file of row groups, as `parquetOf` makes it, full from so many bytes on. */
  encode(
    metadata: Readonly<Record<string, string>>,
    rows: number,
    full: number,
    next: () => Promise<RecordBatch | null>
  ): AsyncGenerator<Uint8Array, void>
  /** How many files are read at a time. */
  readonly atOnce: number
}

/** A thread takes half a second to begin: fewer parts are sooner done without. */
const WORTH_THREADS = 48

/** The threads of a close: begun with the first night that is worth it. */
export class ThreadsOfClose {
  readonly #store: Store
  readonly #count: number
  #pool: Pool | null = null

  constructor(store: Store, count: number) {
    this.#store = store
    this.#count = count
  }

  /** For a night of so many parts: this thread alone, or all beside it. */
  for(parts: number): CloseThreads {
    if (this.#count < 2 || parts < WORTH_THREADS) return alone(this.#store)
    this.#pool ??= new Pool(this.#store, this.#count)
    return this.#pool
  }

  async close(): Promise<void> {
    await this.#pool?.close()
  }
}

function alone(store: Store): CloseThreads {
  return {
    read: async (file, columns) => new PartTable(await readRaw(store, file, columns ?? null)),
    encode: (metadata, rows, full, next) =>
      parquetOf(metadata, rows, nextIpc(next), (bytes) => bytes >= full),
    atOnce: 1
  }
}

function nextIpc(next: () => Promise<RecordBatch | null>): () => Promise<Uint8Array | null> {
  return async () => {
    const batch = await next()
    return batch && ipcOfBatch(batch)
  }
}

const PROGRAM = new URL('./thread.ts', import.meta.url)

class Pool implements CloseThreads {
  readonly atOnce: number
  readonly #threads: readonly Thread[]

  constructor(store: Store, count: number) {
    this.#threads = Array.from({ length: count }, () => new Thread(store.root))
    this.atOnce = count * 2
  }

  readonly read: ReadTable = async (file, columns) => {
    const [first, ...rest] = this.#threads
    const idle = rest.reduce((best, one) => (one.reading < best.reading ? one : best), first!)
    return new PartTable(await idle.read(file, columns ?? null))
  }

  encode(...args: Parameters<CloseThreads['encode']>): AsyncGenerator<Uint8Array, void> {
    return this.#threads[0]!.encode(...args)
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()))
  }
}

interface Asked {
  readonly resolve: (raw: RawTable) => void
  readonly reject: (error: Error) => void
}

class Thread {
  readonly #worker: Worker
  readonly #asked = new Map<number, Asked>()
  #next = 0
  /** Hears what comes of an encoding; one goes on at a time. */
  #heard: ((message: FromThread) => void) | null = null
  #fault: Error | null = null
  #fail: (error: Error) => void = () => {}

  constructor(root: string) {
    this.#worker = new Worker(PROGRAM, { workerData: { root } })
    this.#worker.on('message', (message: FromThread) => this.#hear(message))
    this.#worker.on('error', (error) => this.#died(error))
  }

  get reading(): number {
    return this.#asked.size
  }

  read(file: PartFile, columns: readonly string[] | null): Promise<RawTable> {
    if (this.#fault) return Promise.reject(this.#fault)
    return new Promise((resolve, reject) => {
      const id = this.#next++
      this.#asked.set(id, { resolve, reject })
      this.#send({ kind: 'read', id, file, columns })
    })
  }

  async *encode(
    metadata: Readonly<Record<string, string>>,
    rows: number,
    full: number,
    next: () => Promise<RecordBatch | null>
  ): AsyncGenerator<Uint8Array, void> {
    const messages: FromThread[] = []
    let wake = () => {}
    this.#heard = (message) => {
      messages.push(message)
      wake()
    }
    this.#fail = () => wake()
    this.#send({ kind: 'encode', metadata, rows, full })
    const giveNext = nextIpc(next)
    for (;;) {
      const message = messages.shift()
      if (this.#fault) throw this.#fault
      if (!message) await new Promise<void>((resolve) => (wake = resolve))
      else if (message.kind === 'want') {
        const ipc = await giveNext()
        this.#send({ kind: 'batch', ipc }, ipc ? [ipc.buffer as ArrayBuffer] : [])
      } else if (message.kind === 'piece') yield message.bytes
      else if (message.kind === 'encoded') {
        if (message.error !== null) throw new SiskinError(message.error)
        return
      }
    }
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
  }

  #send(message: ToThread, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer)
  }

  #hear(message: FromThread): void {
    if (message.kind !== 'raw' && message.kind !== 'failed') return this.#heard?.(message)
    const asked = this.#asked.get(message.id)
    this.#asked.delete(message.id)
    if (message.kind === 'raw') asked?.resolve(message.raw)
    else {
      const { path, message: text } = message
      asked?.reject(path === null ? new SiskinError(text) : new DamagedFile(path, text))
    }
  }

  #died(error: Error): void {
    this.#fault = error
    for (const { reject } of this.#asked.values()) reject(error)
    this.#asked.clear()
    this.#fail(error)
  }
}

/** What is made of items, in their order, some begun ahead. */
export async function* inOrder<T, R>(
  items: Iterable<T>,
  atOnce: number,
  make: (item: T) => Promise<R>
): AsyncGenerator<readonly [T, () => Promise<R>], void> {
  const begun: (readonly [T, () => Promise<R>])[] = []
  for (const item of items) {
    const made = make(item)
    made.catch(() => {}) // heard of when it is waited for
    begun.push([item, () => made])
    if (begun.length >= atOnce) yield begun.shift()!
  }
  yield* begun
}
