import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openRegistry } from '../../../engine/registry/registry.ts'
import { joinSchemas } from '../../../engine/registry/references.ts'
import { registerSchema } from '../../../engine/registry/register.ts'
import { confluent, typeOf } from '../../support/avro.ts'
import { decode, onlyTable } from '../../support/packets.ts'
import { FakeRegistry } from '../../support/registry.ts'
import { encode, lsstAlert, lsstSchema } from '../../support/synthetic.ts'

const registry = new FakeRegistry()

beforeAll(() => registry.start())
afterAll(() => registry.stop())
beforeEach(() => {
  registry.secret = null
  registry.failing = null
})

/** What `work` fails with. */
async function failure(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => expect.unreachable('it did not fail'),
    (error: Error) => error.message
  )
}

describe('references', () => {
  test('packets of a schema in pieces decode as those of the whole one', async () => {
    registry.registerSplit(1100, lsstSchema())
    expect(registry.schemas.get(1100)).not.toContain('psfFlux')
    const registered = await openRegistry(registry.address).resolve([1100])
    const joined: unknown = JSON.parse(Buffer.from(registered.get(1100)!).toString())
    const datum = encode(lsstSchema(), lsstAlert(1))
    expect(typeOf(joined).fromBuffer(datum)).toEqual(typeOf(lsstSchema()).fromBuffer(datum))
    const result = await decode([{ name: 'a', bytes: confluent(1100, datum) }], { registered })
    expect(onlyTable(result).rows).toBe(1)
  })

  test('one that the registry does not have is no reason to wait: its packets go to quarantine, with the name', async () => {
    registry.registerSplit(1101, lsstSchema())
    registry.versions.delete('lsst.v11_0.ssSource/1')
    const registered = await openRegistry(registry.address).resolve([1101])
    const packet = confluent(1101, encode(lsstSchema(), lsstAlert(1)))
    const { quarantined } = await decode([{ name: 'a', bytes: packet }], { registered })
    expect(quarantined).toMatchObject([{ reason: 'unknown-schema' }])
    expect(quarantined[0]!.detail).toMatch(
      /^schema id 1101: schema 1101 refers to .*\/subjects\/lsst.v11_0.ssSource\/versions\/1/
    )
  })

  test('a circle of references ends', async () => {
    const a = { name: 'n.a', subject: 'a', version: 1 }
    registry.schemas.set(5, '{"type":"record","name":"top","fields":[{"name":"x","type":"n.a"}]}')
    registry.versions.set(
      'a/1',
      '{"type":"record","name":"a","namespace":"n","fields":[{"name":"next","type":["null","a"]}]}'
    )
    registry.references.set(5, [a])
    registry.references.set('a/1', [a])
    const found = await openRegistry(registry.address).resolve([5])
    const type = typeOf(Buffer.from(found.get(5)!).toString())
    expect(type.fromBuffer(Buffer.from([2, 0]))).toMatchObject({ x: { next: { next: null } } })
  })

  test('a file of a folder that names what it does not define is unknown, with that name', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'siskin-schemas-'))
    writeFileSync(
      join(folder, '7.avsc'),
      '{"type":"record","name":"a","namespace":"n","fields":[{"name":"x","type":"point"}]}'
    )
    const { unknown } = await openRegistry(folder).resolve([7])
    expect(unknown?.get(7)).toBe(
      `schema 7 in ${folder}: it names a type "point" that is not defined; mend the schema`
    )
  })

  test.each([
    ['by itself', {}],
    ['with its names', { subject: 'alerts', version: 1, id: 8, schemaType: 'AVRO', references: [] }]
  ])('a file that is an answer of a registry, as it was saved: %s', async (_what, more) => {
    const folder = mkdtempSync(join(tmpdir(), 'siskin-schemas-'))
    const schema = JSON.stringify(lsstSchema())
    writeFileSync(join(folder, '8.avsc'), JSON.stringify({ ...more, schema }))
    const found = await openRegistry(folder).resolve([8])
    expect(Buffer.from(found.get(8)!).toString()).toBe(schema)
  })

  test('a saved answer that refers to others is not known, and it is said why', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'siskin-schemas-'))
    const references = [{ name: 'n.a', subject: 'a', version: 1 }]
    writeFileSync(join(folder, '8.avsc'), JSON.stringify({ schema: '"n.a"', references }))
    const { unknown } = await openRegistry(folder).resolve([8])
    expect(unknown?.get(8)).toMatch(/refers to \/subjects\/a\/versions\/1; save the whole schema/)
  })

  test('a schema alone stays as it is, to the byte', () => {
    const text = '{ "type":"record","name":"a","fields":[{"name":"x","type":["null","a"]}] }'
    expect(joinSchemas([text])).toBe(text)
  })
})

describe('a user and a password', () => {
  const secret = 'ana:se%40cret%2F'

  test('in the address let us in, to read and to register', async () => {
    registry.secret = 'ana:se@cret/'
    registry.schemas.set(9, '"string"')
    const place = registry.addressFor(secret)
    expect((await openRegistry(place).resolve([9])).has(9)).toBe(true)
    expect(await registerSchema(place, 'alerts', '"long"', '--registry')).toBeGreaterThan(9)
  })

  test.each([
    ['a wrong one', 401, (address: string) => address, /does not let ana in \(401/],
    ['one without rights', 403, (address: string) => address, /does not let ana in \(403/],
    ['a server that fails', 503, (address: string) => address, /it answered 503/],
    ['a path that is none', 404, (address: string) => `${address}/no`, /nothing of a registry/]
  ])('%s: no message shows the password', async (_what, status, place, says) => {
    registry.failing = status
    const address = place(registry.addressFor(secret))
    for (const work of [
      () => openRegistry(address).resolve([9]),
      () => registerSchema(address, 'alerts', '"long"', '--registry')
    ]) {
      const message = await failure(work())
      expect(message).toMatch(says)
      expect(message).not.toMatch(/se%40cret|se@cret/)
    }
  })

  test('none where one is asked for: the message says how to give it', async () => {
    registry.secret = 'ana:x'
    const message = await failure(openRegistry(registry.address).resolve([9]))
    expect(message).toMatch(/wants a user and a password \(401.*SISKIN_REGISTRY_PASSWORD/)
  })

  test('an address that is none is told without them', () => {
    expect(() => openRegistry('http://ana:secret@registry:99999')).toThrow(
      'schema registry "http://registry:99999" is no address'
    )
    expect(() => openRegistry('htp://ana:secret@registry')).toThrow('schemas "htp://registry"')
  })
})

describe('answers told apart', () => {
  test('an id that the registry does not know is unknown; a 404 that is not its own stops', async () => {
    expect((await openRegistry(registry.address).resolve([4321])).has(4321)).toBe(false)
    registry.failing = 404
    expect(await failure(openRegistry(registry.address).resolve([1]))).toContain('(404)')
  })

  test.each([400, 403, 422])('an id that is refused with %i alone is unknown', async (status) => {
    registry.refused.set(4_294_967_295, status)
    registry.schemas.set(9, '"string"')
    const found = await openRegistry(registry.address).resolve([4_294_967_295, 9])
    expect([...found.keys()]).toEqual([9])
    expect(found.unknown?.get(4_294_967_295)).toContain(`is refused (${status}: no)`)
    registry.failing = status // whoever refuses all is set wrongly, or no registry
    const message = await failure(openRegistry(registry.address).resolve([4_294_967_295]))
    expect(message).toContain(`(${status}`)
  })

  test('a text that is no schema is unknown', async () => {
    registry.schemas.set(12, 'syntax = "proto3";')
    const { unknown } = await openRegistry(registry.address).resolve([12])
    expect(unknown?.get(12)).toMatch(/schema 12 of http.*mend the schema/)
  })

  test('waiting for an answer ends when it is told to', async () => {
    registry.failing = 503
    const stop = new AbortController()
    const waiting = openRegistry(registry.address).resolve([9], stop.signal)
    stop.abort(new Error('Ctrl-C'))
    await expect(waiting).rejects.toThrow(/Ctrl-C|aborted/)
  })
})
