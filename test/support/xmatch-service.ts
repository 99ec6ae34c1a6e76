import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { SkyIndex } from '../../engine/catalogues/sky-index.ts'

/** Rows of a table by column; `ra` and `dec` in degrees. */
export type Rows = Readonly<Record<string, readonly (string | number)[]>>

/** What is wrong with the service, from the next call on. */
export type Trouble =
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'hangs' | 'cut' | 'no-end' | 'no-csv' | 'other-rows' | 'reordered' }
  | { readonly kind: 'slow'; readonly ms: number }

const REQUIRED = ['request', 'distMaxArcsec', 'RESPONSEFORMAT', 'cat2', 'colRA1', 'colDec1']

/** The X-Match service of the CDS, as its documentation and its clients have it, over tables of our own. */
export class XmatchService {
  readonly tables = new Map<string, Rows>()
  trouble: Trouble | null = null
  /** How many places each call had. */
  readonly calls: number[] = []
  #server: Server | null = null
  #port = 0

  get address(): string {
    return `http://127.0.0.1:${this.#port}/xmatch/api/v1/sync`
  }

  /** Answers; after `stop` at the same address as before. */
  async start(): Promise<void> {
    const server = createServer((request, response) => void this.#serve(request, response))
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve))
    this.#port = (server.address() as AddressInfo).port
    this.#server = server
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections()
    await new Promise((resolve) => this.#server?.close(resolve))
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { trouble } = this
    if (trouble?.kind === 'hangs') return
    if (trouble?.kind === 'status') return fail(response, trouble.status, 'Service trouble')
    if (trouble?.kind === 'slow') await delay(trouble.ms)
    const type = request.headers['content-type'] ?? ''
    const form = await new Response(Buffer.concat(chunks), { headers: { 'content-type': type } })
      .formData()
      .catch(() => null)
    if (request.method !== 'POST' || !form) return fail(response, 400, 'multipart POST is wanted')
    const missing = REQUIRED.find((name) => !form.has(name))
    if (missing) return fail(response, 400, `Missing parameter ${missing}`)
    const table = this.tables.get(field(form, 'cat2'))
    const upload = form.get('cat1')
    if (!table || !(upload instanceof File)) return fail(response, 400, 'Unknown table, or no cat1')
    if (Number(field(form, 'distMaxArcsec')) > 180)
      return fail(response, 400, 'distMaxArcsec > 180')
    send(response, this.#match(table, form, await upload.text()), trouble)
  }

  #match(table: Rows, form: FormData, upload: string): string {
    const [head = '', ...lines] = upload.trimEnd().split('\n')
    this.calls.push(lines.length)
    const names = head.split(',')
    const columns = field(form, 'cols2')
      .split(',')
      .filter((name) => name !== '')
    const index = new SkyIndex(table['ra'] as number[], table['dec'] as number[])
    const rows = lines.flatMap((line) => {
      const cells = line.split(',')
      const at = (parameter: string) => Number(cells[names.indexOf(field(form, parameter))])
      const found: string[] = []
      index.within(
        at('colRA1'),
        at('colDec1'),
        Number(field(form, 'distMaxArcsec')),
        (i, apart) => {
          const own = columns.map((name) => String(table[name]![i]))
          found.push(
            [apart.toFixed(6), ...cells.map((cell) => cell.replaceAll('"', '')), ...own].join(',')
          )
        }
      )
      return found
    })
    if (this.trouble?.kind === 'reordered') rows.reverse()
    if (this.trouble?.kind === 'other-rows')
      rows.push(rows[0]?.replace(/p\d+/, 'p999999') ?? '0,1,1,x')
    return [['angDist', ...names, ...columns].join(','), ...rows]
      .map((line) => `${line}\n`)
      .join('')
  }
}

function field(form: FormData, name: string): string {
  const value = form.get(name)
  return typeof value === 'string' ? value : ''
}

function fail(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/html' }).end(`<h1>${text}</h1>\n`)
}

function send(response: ServerResponse, text: string, trouble: Trouble | null): void {
  response.writeHead(200, { 'content-type': 'text/csv' })
  if (trouble?.kind === 'no-csv') response.end('<html><body>We are moving</body></html>\n')
  else if (trouble?.kind === 'no-end') response.end(text.slice(0, -5))
  else if (trouble?.kind === 'cut') {
    response.write(text.slice(0, text.length / 2))
    setImmediate(() => response.destroy())
  } else response.end(text)
}
