import { parentPort, workerData } from 'node:worker_threads'
import { messageOf } from '../errors.ts'
import { parquetOf } from '../lake/files/parquet.ts'
import { openStore } from '../store/open-store.ts'
import { DamagedFile } from './damaged.ts'
import { readRaw } from './part-table.ts'
import type { FromThread, ToThread } from './threads.ts'

// A thread of a close: it unpacks files of alerts, and packs row groups into a new one.
if (!parentPort) throw new Error('it is started by siskin close')
const port = parentPort
const { root } = workerData as { readonly root: string }
const store = openStore(root)
let given: (ipc: Uint8Array | null) => void = () => {}

function send(message: FromThread, transfer: Uint8Array[] = []): void {
  port.postMessage(
    message,
    transfer.map(({ buffer }) => buffer as ArrayBuffer)
  )
}

async function read({ id, file, columns }: ToThread & { kind: 'read' }): Promise<void> {
  try {
    const raw = await readRaw(store, file, columns)
    send({ kind: 'raw', id, raw }, [raw.rows, ...(raw.schema ? [raw.schema] : [])])
  } catch (error) {
    const path = error instanceof DamagedFile ? error.path : null
    send({ kind: 'failed', id, message: messageOf(error), path })
  }
}

async function encode({ metadata, rows, full }: ToThread & { kind: 'encode' }): Promise<void> {
  const next = () =>
    new Promise<Uint8Array | null>((resolve) => {
      given = resolve
      send({ kind: 'want' })
    })
  try {
    for await (const piece of parquetOf(metadata, rows, next, (bytes) => bytes >= full)) {
      const bytes = piece.slice()
      send({ kind: 'piece', bytes }, [bytes])
    }
    send({ kind: 'encoded', error: null })
  } catch (error) {
    send({ kind: 'encoded', error: messageOf(error) })
  }
}

port.on('message', (message: ToThread) => {
  if (message.kind === 'read') void read(message)
  else if (message.kind === 'encode') void encode(message)
  else given(message.ipc)
})
