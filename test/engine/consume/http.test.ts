import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { emptyBook } from '../../../engine/consume/book.ts'
import { openSources } from '../../../engine/consume/open.ts'
import { packetsIn, tarOf } from '../../support/archives.ts'
import { syntheticZtf } from '../../support/packets.ts'
import { read, readPath } from './support.ts'

/** Sources at a web server, which may be slow to be ready, break off, or not know ranges. */

const packets = syntheticZtf(12)
const large = Buffer.alloc(9 * 1024 * 1024, 'x') // more than one request
const archive = tarOf([...packets, { name: 'README', bytes: large }, packets[0]!])
const files: Record<string, Buffer> = {
  '/night.tar': archive,
  '/night.tar.gz': gzipSync(archive),
  '/one.avro': Buffer.from(packets[0]!.bytes)
}
let trouble: ((request: IncomingMessage, response: ServerResponse) => boolean) | null = null
let ranges = 0
let base = ''

const server = createServer((request, response) => {
  if (!trouble?.(request, response)) serve(request, response)
})

function serve(
  { url = '', method, headers: { range = '' } }: IncomingMessage,
  response: ServerResponse
) {
  const bytes = files[url]
  const headers = { etag: '"1"', 'content-length': bytes?.length }
  if (!bytes) response.writeHead(404).end()
  else if (method === 'HEAD') response.writeHead(200, headers).end()
  else {
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(range) ?? []
    const part = bytes.subarray(Number(from), Number(to) + 1)
    ranges++
    response.writeHead(206, { ...headers, 'content-length': part.length }).end(part)
  }
}

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
beforeEach(() => {
  trouble = null
  ranges = 0
})
afterAll(() => void server.close())

test.each(['night.tar', 'night.tar.gz', 'one.avro'])('%s: as from a disk', async (name) => {
  const far = await readPath(`${base}/${name}`)
  const near = await read(name, files[`/${name}`]!)
  expect(far.damage).toBe(null)
  expect(packetsIn(far.ranges).map(({ bytes }) => bytes)).toEqual(
    packetsIn(near.ranges).map(({ bytes }) => bytes)
  )
  expect(ranges).toBeGreaterThan(0)
  if (name === 'night.tar') expect(far.ranges.reduce((sum, { count }) => sum + count, 0)).toBe(13)
})

test('a server that is not ready, and an answer that breaks off, are asked again', async () => {
  let busy = 2
  let torn = 1
  trouble = (request, response) => {
    if (busy-- > 0) return !!response.writeHead(503).end()
    if (request.method === 'GET' && torn-- > 0) {
      response.writeHead(206, { 'content-length': 1000 })
      response.write('abc')
      setTimeout(() => response.destroy(), 50)
      return true
    }
    return false
  }
  const far = await readPath(`${base}/night.tar`)
  expect(far.ranges.reduce((sum, { count }) => sum + count, 0)).toBe(13)
  expect([busy, torn].every((left) => left < 0)).toBe(true)
})

test.each([
  ['nothing there', 'gone.tar', null, /no such file or folder/],
  [
    'no permission',
    'night.tar',
    (_: IncomingMessage, response: ServerResponse) => !!response.writeHead(403).end(),
    /night\.tar cannot be read: no permission \(403\)/
  ],
  [
    'a server without ranges',
    'night.tar',
    ({ method }: IncomingMessage, response: ServerResponse) =>
      method === 'GET' && !!response.writeHead(200).end(archive),
    /gives whole files only: download it first/
  ],
  [
    'a file that changes while it is read',
    'night.tar',
    ({ method }: IncomingMessage, response: ServerResponse) =>
      method === 'HEAD' &&
      ranges > 0 &&
      !!response.writeHead(200, { etag: '"2"', 'content-length': archive.length }).end(),
    /was changed while it was read/
  ],
  ['an address that is none', 'night.bin', null, /no such file/]
])('%s: one sentence', async (_, name, what, text) => {
  trouble = what
  await expect(readPath(`${base}/${name}`)).rejects.toThrow(text)
})

test('what comes behind a question mark is no part of the name, and is not remembered', async () => {
  trouble = (request) => {
    request.url = request.url?.replace(/\?.*/, '') ?? ''
    return false
  }
  const book = emptyBook()
  const [source] = await openSources([`${base}/night.tar.gz?token=secret`], { book })
  expect(source!.name).toMatch(/^night-/)
  const record = await book.load(source!.name)
  expect(JSON.stringify(record)).not.toContain('secret')
})

test('a password in an address is refused, and in no message', async () => {
  const address = `${base.replace('//', '//me:secret@')}/night.tar`
  const error = await readPath(address).catch((failure: unknown) => String(failure))
  expect(error).toMatch(/user and password cannot be given in it/)
  expect(error).not.toContain('secret')
})
