import { once } from 'node:events'
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http'
import type { Agent as SecureAgent } from 'node:https'
import { readAuthority } from '../authority.ts'

/** Bytes that are there, or that are made while they are sent. */
export type Pieces = readonly Uint8Array[] | (() => AsyncIterable<Uint8Array>)

/** A request to a NameNode or a DataNode. */
export interface Exchange {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  readonly url: string
  /** The body, sent piece by piece without joining them. */
  readonly pieces?: Pieces
  readonly headers?: Readonly<Record<string, string>>
  /** How long the other side may be silent; else half a minute. */
  readonly silentMs?: number
}

export interface Answer {
  readonly status: number
  readonly location: string | undefined
  readonly body: Uint8Array
  /** Bytes that were sent. */
  readonly sent: number
}

const CONNECT_MS = 5_000
const SILENT_MS = 30_000
/** Handed to the socket before it is waited for: packets are small, waiting for each would be slow. */
const AHEAD_BYTES = 2 * 1024 * 1024

/**
 * One exchange, redirects not followed. It is made with node:http and not with `fetch`: a DataNode
 * says "100 Continue" unasked, which the built-in fetch takes for a broken answer.
 */
export async function exchange(wires: Wires, asked: Exchange): Promise<Answer> {
  const pieces = asked.pieces ?? []
  const headers = { ...asked.headers, ...lengthOf(pieces) }
  const req = wires.request(asked.url, { method: asked.method, headers })
  limitWaiting(req, asked.silentMs ?? SILENT_MS)
  const answered = once(req, 'response') as Promise<[IncomingMessage]>
  // A server may answer, or go, before it has read all; either ends the sending.
  let sent = 0
  const sending = send(req, pieces, (bytes) => (sent += bytes))
  const [[response]] = await Promise.all([answered, Promise.race([sending, answered])])
  const body = await readAll(response)
  if (!req.writableEnded) req.destroy() // it did not want the rest
  return { status: response.statusCode ?? 0, location: response.headers.location, body, sent }
}

/** Where it is not known before, it is sent in chunks. */
function lengthOf(pieces: Pieces): Record<string, number> {
  if (typeof pieces === 'function') return {}
  return { 'content-length': pieces.reduce((sum, piece) => sum + piece.byteLength, 0) }
}

async function send(
  req: ClientRequest,
  pieces: Pieces,
  onSent: (bytes: number) => void
): Promise<void> {
  let ahead = 0
  for await (const piece of typeof pieces === 'function' ? pieces() : pieces) {
    if (req.destroyed) return
    onSent(piece.byteLength)
    ahead += piece.byteLength
    if (piece.byteLength === 0 || req.write(piece) || ahead < AHEAD_BYTES) continue
    await once(req, 'drain')
    ahead = 0
  }
  req.end()
}

async function readAll(response: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
}

/** Gives up on a machine that does not take the connection, and on one that falls silent. */
function limitWaiting(req: ClientRequest, silentMs: number): void {
  const fail = (what: string) => {
    const error: NodeJS.ErrnoException = new Error(what)
    error.code = 'ETIMEDOUT'
    req.destroy(error)
  }
  req.setTimeout(silentMs, () => fail(`no answer in ${silentMs / 1000} s`))
  req.once('socket', (socket) => {
    if (!socket.connecting) return
    const timer = setTimeout(() => fail(`no connection in ${CONNECT_MS / 1000} s`), CONNECT_MS)
    const clear = () => clearTimeout(timer)
    socket.once('connect', clear)
    req.once('close', clear)
  })
}

const KEPT_ALIVE = { keepAlive: true, maxSockets: 16, keepAliveMsecs: 5000 }

/** Loaded when they are needed: imported, `node:http` brings all of `fetch` into every thread that only has a disk. */
const http = () => process.getBuiltinModule('node:http')
const https = () => process.getBuiltinModule('node:https')

/** Connections that are used again. */
export class Wires {
  readonly #ca: string | null
  readonly #plain = new (http().Agent)(KEPT_ALIVE)
  #secure: SecureAgent | null = null

  /** With the authority of a PEM file for TLS; null: with the system's. */
  constructor(ca: string | null) {
    this.#ca = ca
  }

  /** @throws OutageError while the authority's certificate cannot be read. */
  request(url: string, options: RequestOptions): ClientRequest {
    if (!url.startsWith('https:')) return http().request(url, { ...options, agent: this.#plain })
    const authority = () => (this.#ca === null ? {} : { ca: readAuthority(this.#ca) })
    this.#secure ??= new (https().Agent)({ ...KEPT_ALIVE, ...authority() })
    return https().request(url, { ...options, agent: this.#secure })
  }
}
