import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { codeOf, messageOf, UsageError } from '../errors.ts'
import type { Family } from './family.ts'

/** How a process is: fine, or why it is not. */
export interface Health {
  readonly ok: boolean
  readonly reason: string | null
  readonly [fact: string]: unknown
}

export interface MetricsSource {
  /** All metrics with the values they have now. */
  readonly families: () => Iterable<Family>
  /** Is it alive? If not it should be started again. */
  readonly live: () => Health
  /** Does it do its work? If not nobody should rely on it. */
  readonly ready: () => Health
}

const TEXT = 'text/plain; version=0.0.4; charset=utf-8'

/** Answers `/metrics`, `/healthz` and `/readyz`. */
export class MetricsServer {
  /** `http://host:port` */
  readonly address: string
  readonly #server: Server

  private constructor(server: Server, host: string) {
    const { port } = server.address() as AddressInfo
    this.address = `http://${host.includes(':') ? `[${host}]` : host}:${port}`
    this.#server = server
  }

  /** @throws UsageError when the port cannot be had. Port 0: any that is free. */
  static async listen(host: string, port: number, source: MetricsSource): Promise<MetricsServer> {
    const server = createServer((request, response) => answer(source, request, response))
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, host, resolve)
    }).catch((error: unknown) => {
      throw new UsageError(refusal(host, port, error), { cause: error })
    })
    return new MetricsServer(server, host)
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}

function refusal(host: string, port: number, error: unknown): string {
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return `port ${port} of ${host} is taken: choose another --metrics-port, or 0 for any that is free`
    case 'EACCES':
      return `port ${port} of ${host} is not allowed to this user: choose a --metrics-port from 1024 on`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `"${host}" is no address of this machine: check --metrics-host`
    default:
      return `metrics on port ${port} of ${host}: ${messageOf(error)}`
  }
}

function answer(source: MetricsSource, request: IncomingMessage, response: ServerResponse): void {
  const path = (request.url ?? '/').replace(/\?.*$/, '')
  const pages: Record<string, () => void> = {
    '/metrics': () => send(response, 200, TEXT, expose(source.families())),
    '/healthz': () => sendHealth(response, source.live()),
    '/readyz': () => sendHealth(response, source.ready())
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD')
    return send(response, 405, 'text/plain', 'only GET\n')
  }
  const page = pages[path]
  if (page) page()
  else send(response, 404, 'text/plain', `there are ${Object.keys(pages).join(', ')}\n`)
}

function sendHealth(response: ServerResponse, health: Health): void {
  send(response, health.ok ? 200 : 503, 'application/json', `${JSON.stringify(health)}\n`)
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' })
  response.end(body)
}

/** The text format of Prometheus. */
export function expose(families: Iterable<Family>): string {
  const lines: string[] = []
  for (const family of families) lines.push(...family.lines())
  return `${lines.join('\n')}\n`
}
