import { readFileSync } from 'node:fs'
import { hdfsFiles } from './hdfs-files.ts'
import { isHdfs } from './hdfs-address.ts'
import { httpFiles, isHttp } from './http-files.ts'
import { localFiles } from './local-files.ts'

interface FileInfo {
  readonly kind: 'file' | 'folder' | 'other'
  /** Bytes; 0 of what is no file. */
  readonly size: number
  /** Another text once the file was changed; null where it cannot be told, or changed a moment ago. */
  readonly stamp: string | null
}

/** A file that is read by ranges. */
export interface OpenFile {
  /** Reads into the whole of `into`, or to the end of the file; how many bytes, 0 behind the end. */
  read(into: Uint8Array, from: number): Promise<number>
  close(): Promise<void>
}

/** Files by their addresses, on whatever they lie. Errors carry a code of the system, or are ours. */
export interface Files {
  /** Bytes that are worth one request. */
  readonly chunk: number
  /** Null where there is nothing. */
  info(path: string): Promise<FileInfo | null>
  open(path: string): Promise<OpenFile>
  /** The address in full, as it is remembered. */
  fullName(path: string): string
}

/** A folder or file on this machine, `hdfs://…` and its kin, or `http(s)://…`. */
export function filesAt(path: string): Files {
  return isHdfs(path) ? hdfsFiles : isHttp(path) ? httpFiles : localFiles
}

export function isLocal(path: string): boolean {
  return filesAt(path) === localFiles
}

/** The path in an address, by whose end it is told what a file is: without the query of a web address. */
export function pathIn(address: string): string {
  return isHttp(address) && URL.canParse(address) ? new URL(address).pathname : address
}

/** The bytes of a file from `from` on, in chunks that hold until the next is asked for; that is read meanwhile. */
export async function* chunksOf(path: string, from = 0): AsyncGenerator<Uint8Array> {
  const files = filesAt(path)
  const file = await files.open(path)
  const buffers = [new Uint8Array(files.chunk), new Uint8Array(files.chunk)] as const
  let next = file.read(buffers[0], from)
  try {
    for (let at = from, turn = 0; ; turn ^= 1) {
      const count = await next
      if (count === 0) return
      at += count
      next = file.read(buffers[turn === 0 ? 1 : 0], at)
      next.catch(() => {}) // heard when it is its turn
      yield buffers[turn === 0 ? 0 : 1].subarray(0, count)
    }
  } finally {
    await next.catch(() => {})
    await file.close()
  }
}

/** A small file at once. */
export async function readWhole(path: string, size: number): Promise<Uint8Array> {
  if (isLocal(path)) return readFileSync(path) // a stream would cost more than a packet
  const file = await filesAt(path).open(path)
  try {
    const bytes = new Uint8Array(size)
    return bytes.subarray(0, await file.read(bytes, 0))
  } finally {
    await file.close()
  }
}
