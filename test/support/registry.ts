import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A schema registry over HTTP: it gives schemas by id, and numbers those it is sent. */
export class FakeRegistry {
  readonly schemas = new Map<number, string>()
  /** Subjects that were registered under. */
  readonly subjects: string[] = []
  /** Ids that were asked for. */
  readonly asked: number[] = []
  #server: Server | null = null
  #port = 0

  get address(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** Answers; after `stop` at the same address as before. */
  async start(): Promise<void> {
    const server = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () => {
        const answer = this.#answer(request.url ?? '', body)
        response.statusCode = answer ? 200 : 404
        response.end(JSON.stringify(answer ?? { error_code: 40403, message: 'Schema not found' }))
      })
    })
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve))
    this.#port = (server.address() as AddressInfo).port
    this.#server = server
  }

  async stop(): Promise<void> {
    const server = this.#server
    this.#server = null
    if (!server) return
    server.closeAllConnections()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  }

  #answer(url: string, body: string): object | null {
    const [, subject] = /^\/subjects\/([^/]+)\/versions$/.exec(url) ?? []
    if (subject) {
      const { schema } = JSON.parse(body) as { schema: string }
      const known = [...this.schemas].find(([, text]) => text === schema)?.[0]
      const id = known ?? Math.max(70, ...this.schemas.keys()) + 1
      this.schemas.set(id, schema)
      this.subjects.push(decodeURIComponent(subject))
      return { id }
    }
    const [, asked] = /^\/schemas\/ids\/(\d+)$/.exec(url) ?? []
    if (asked) this.asked.push(Number(asked))
    const schema = this.schemas.get(Number(asked))
    return schema === undefined ? null : { schema }
  }
}
