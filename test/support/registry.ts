import { createServer } from 'node:http'
import type { IncomingMessage, Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a schema refers to by name, as a registry keeps it. */
interface Reference {
  readonly name: string
  readonly subject: string
  readonly version: number
}

/** A schema registry over HTTP: it gives schemas by id, and numbers those it is sent. */
export class FakeRegistry {
  readonly schemas = new Map<number, string>()
  /** What the schemas of an id, or of `subject/version`, refer to. */
  readonly references = new Map<number | string, readonly Reference[]>()
  /** Schemas by `subject/version`, for those that refer to them. */
  readonly versions = new Map<string, string>()
  /** Subjects that were registered under. */
  readonly subjects: string[] = []
  /** Ids that were asked for. */
  readonly asked: number[] = []
  /** Only who says this is let in: `user:password`. */
  secret: string | null = null
  /** Answers with this status instead of what is asked for. */
  failing: number | null = null
  /** Ids that are refused with a status of their own, while all else is answered. */
  readonly refused = new Map<number, number>()
  #server: Server | null = null
  #port = 0

  get address(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** The address with a user and a password in it. */
  addressFor(secret: string): string {
    return this.address.replace('://', `://${secret}@`)
  }

  /** Answers; after `stop` at the same address as before. */
  async start(): Promise<void> {
    const server = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () => {
        const status = this.failing ?? (this.#letsIn(request) ? this.#refusal(request) : 401)
        const answer = status === null ? this.#answer(request.url ?? '', body) : null
        response.statusCode = status ?? (answer ? 200 : 404)
        const missing = { error_code: 40403, message: 'Schema not found' }
        const refused = { error_code: status, message: 'no' }
        response.end(JSON.stringify(answer ?? (status === null ? missing : refused)))
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

  /** Has a schema whose records are registered one by one and refer to each other. */
  registerSplit(id: number, schema: object): void {
    const own: Reference[] = []
    const whole = this.#split(schema, own, String((schema as { namespace?: string }).namespace))
    this.schemas.set(id, JSON.stringify(whole))
    this.references.set(id, own)
  }

  #split(schema: unknown, references: Reference[], space: string, depth = 0): unknown {
    if (Array.isArray(schema)) {
      return schema.map((part) => this.#split(part, references, space, depth))
    }
    if (typeof schema !== 'object' || schema === null) return schema
    const isRecord = 'fields' in schema && depth > 0
    const inner: Reference[] = isRecord ? [] : references
    const parts = Object.entries(schema).map(([key, value]) => {
      return [key, this.#split(value, inner, space, depth + 1)] as const
    })
    if (!isRecord) return Object.fromEntries(parts)
    const name = `${space}.${(schema as unknown as { name: string }).name}`
    const key = `${name}/1`
    this.versions.set(key, JSON.stringify({ ...Object.fromEntries(parts), namespace: space }))
    this.references.set(key, inner)
    references.push({ name, subject: name, version: 1 })
    return name
  }

  #letsIn({ headers }: IncomingMessage): boolean {
    if (this.secret === null) return true
    return headers.authorization === `Basic ${Buffer.from(this.secret).toString('base64')}`
  }

  #refusal({ url = '' }: IncomingMessage): number | null {
    return this.refused.get(Number(/^\/schemas\/ids\/(\d+)$/.exec(url)?.[1])) ?? null
  }

  #answer(url: string, body: string): object | null {
    if (url === '/subjects') return this.subjects
    const [, subject] = /^\/subjects\/([^/]+)\/versions$/.exec(url) ?? []
    if (subject) {
      const { schema } = JSON.parse(body) as { schema: string }
      const known = [...this.schemas].find(([, text]) => text === schema)?.[0]
      const id = known ?? Math.max(70, ...this.schemas.keys()) + 1
      this.schemas.set(id, schema)
      this.subjects.push(decodeURIComponent(subject))
      return { id }
    }
    const [, name, version] = /^\/subjects\/([^/]+)\/versions\/(\d+)$/.exec(url) ?? []
    if (name) return this.#found(`${decodeURIComponent(name)}/${version}`, this.versions)
    const [, asked] = /^\/schemas\/ids\/(\d+)$/.exec(url) ?? []
    if (asked) this.asked.push(Number(asked))
    return this.#found(Number(asked), this.schemas)
  }

  #found<K extends number | string>(key: K, schemas: ReadonlyMap<K, string>): object | null {
    const schema = schemas.get(key)
    const references = this.references.get(key)
    return schema === undefined ? null : { schema, ...(references && { references }) }
  }
}
