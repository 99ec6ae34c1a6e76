import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { openRegistry } from '../../../engine/registry/registry.ts'
import { schemaIds } from '../../../engine/decode/confluent.ts'
import { confluent } from '../../support/avro.ts'
import { decode, onlyTable, rangeOf } from '../../support/packets.ts'
import { encode, lsstAlert, lsstSchema } from '../../support/synthetic.ts'

const TEXT = JSON.stringify(lsstSchema())
const servers: Server[] = []

afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
})

/** A registry as Confluent's API has it; `answer` may take over the nth request (from 1). */
async function serve(answer: (n: number, response: ServerResponse) => boolean = () => false) {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    if (answer(asked.length, response)) return
    const known = request.url === '/base/schemas/ids/1100'
    response.statusCode = known ? 200 : 404
    response.setHeader('content-type', 'application/vnd.schemaregistry.v1+json')
    const missing = { error_code: 40403, message: 'Schema not found' }
    response.end(JSON.stringify(known ? { schema: TEXT } : missing))
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { address: `http://127.0.0.1:${port}/base/`, asked, server }
}

function refuse(status: number, body = '') {
  return (response: ServerResponse): true => {
    response.statusCode = status
    response.end(body)
    return true
  }
}

describe('a registry over HTTP', () => {
  test('gives schemas by id, asked for once; an unknown id is not in it', async () => {
    const { address, asked } = await serve()
    const registry = openRegistry(address)
    const found = await registry.resolve([1100, 7])
    expect(Buffer.from(found.get(1100)!).toString()).toBe(TEXT)
    expect(found.has(7)).toBe(false)
    await registry.resolve([1100])
    expect(asked).toEqual(['/base/schemas/ids/1100', '/base/schemas/ids/7'])
  })

  test('packets decode with what it gives; packets of an unknown id go to quarantine', async () => {
    const { address } = await serve()
    const packets = [1100, 1101].map((id) => ({
      name: `${id}`,
      bytes: confluent(id, encode(lsstSchema(), lsstAlert(id)))
    }))
    const ids = schemaIds(await rangeOf(packets))
    expect([...ids]).toEqual([1100, 1101])
    const registered = await openRegistry(address).resolve(ids)
    const result = await decode(packets, { registered })
    expect(onlyTable(result).rows).toBe(1)
    expect(result.quarantined.map(({ reason }) => reason)).toEqual(['unknown-schema'])
  })

  test.each([
    ['an error', refuse(500)],
    ['no JSON', refuse(200, '<html>')],
    ['no schema', refuse(200, '{}')],
    [
      'a broken connection',
      (response: ServerResponse) => {
        response.destroy()
        return true
      }
    ]
  ])('%s once is tried again', async (_what, answer) => {
    const { address, asked } = await serve((n, response) => n === 1 && answer(response))
    const found = await openRegistry(address).resolve([1100])
    expect(found.has(1100)).toBe(true)
    expect(asked).toHaveLength(2)
  })
})

describe.concurrent('a registry over HTTP that does not work', () => {
  test('one that goes on failing: an error that names address and answer', async () => {
    const { address } = await serve((_n, response) => refuse(503)(response))
    await expect(openRegistry(address).resolve([1100])).rejects.toThrow(
      /schema registry http:\/\/127\.0\.0\.1:\d+\/base\/schemas\/ids\/1100: it answered 503; is it running/
    )
  })

  test('one that is down: the same', async () => {
    const { address, server } = await serve()
    server.close()
    await expect(openRegistry(address).resolve([1100])).rejects.toThrow(/is it running/)
  })

  test('one that never answers is given up in time', { timeout: 30_000 }, async () => {
    const { address } = await serve(() => true)
    await expect(openRegistry(address).resolve([1100])).rejects.toThrow(/is it running/)
  })
})

describe('a folder of schemas', () => {
  test('holds one <id>.avsc each; an id without file is unknown', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'siskin-schemas-'))
    writeFileSync(join(folder, '1100.avsc'), TEXT)
    const found = await openRegistry(folder).resolve([1100, 1000])
    expect([...found.keys()]).toEqual([1100])
    expect(Buffer.from(found.get(1100)!).toString()).toBe(TEXT)
  })

  test('that cannot be read: an error that names id and folder', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'siskin-schemas-'))
    mkdirSync(join(folder, '5.avsc'))
    await expect(openRegistry(folder).resolve([5])).rejects.toThrow(`schema 5 in ${folder}`)
  })

  test('that is no folder, or is not there: wrong use, before anything is read', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'siskin-schemas-')), 'file')
    writeFileSync(file, '')
    for (const place of [file, `${file}/none`]) {
      expect(() => openRegistry(place)).toThrow(`schemas "${place}": neither a folder`)
    }
  })

  test('no registry at all knows no id', async () => {
    expect((await openRegistry(null).resolve([1])).size).toBe(0)
  })
})
