import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { inspect } from '../../jobs/inspect/inspect.ts'
import { siskin, temporaryFolder } from '../support/siskin.ts'

const DATA = fileURLToPath(new URL('../../../shared/data/', import.meta.url))
const ZTF = `${DATA}ztf/ztf_public_sample.tar.gz`
const LSST = `${DATA}lsst/`
const schemas = `${LSST}schemas`
const hasData = existsSync(ZTF) && existsSync(LSST)
if (!hasData) console.log(`skipped: inspecting real alerts, no ${DATA}`)

const ALERT = '2667448574015015003'
const OBJECT = 'ZTF24aakslfd'

const lake = join(temporaryFolder(), 'lake')
const see = (thing: string, more: { stamps?: string; lake?: string; columns?: boolean } = {}) =>
  inspect({ thing, lake, schemas, stamps: null, ...more })
const filesIn = (folder: string, ending: string) =>
  readdirSync(join(lake, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(lake, folder, name))
    .sort()

describe.skipIf(!hasData)('siskin inspect', () => {
  beforeAll(async () => {
    const damaged = join(dirname(lake), 'damaged')
    mkdirSync(damaged)
    writeFileSync(join(damaged, 'no.avro'), 'this is not Avro')
    const sources = [ZTF, LSST, damaged]
    const { code, stderr } = await siskin(['run', ...sources, '--lake', lake, '--schemas', schemas])
    expect(code, stderr).toBe(0)
  })

  test('a lake: what is in it by survey, topic, reason and source', async () => {
    const { json, text } = await see(lake)
    expect(json).toMatchObject({
      kind: 'lake',
      received: 132,
      alerts: 131,
      quarantined: { 'not-avro': 1 },
      parts: 3,
      unfinished: []
    })
    expect(json['nights']).toMatchObject({ 'lsst/20251231': 13, 'ztf/20240421': 14 })
    expect(text).toMatch(/131 alerts of 132 packets in 3 parts/)
    expect(text).toMatch(/quarantined +1 +not-avro 1/)
  })

  test('an alert: fields, modules with units, light curve, packet', async () => {
    const { json, text } = await see(ALERT)
    expect(json).toMatchObject({ kind: 'alert', alert: { object_id: OBJECT, band: 'g' } })
    expect(text).toMatch(`alert ${ALERT} of object ${OBJECT}`)
    expect(text).toMatch(/delta_time +3\.00544 d +Time since that earlier point\./)
    expect(text).toMatch(/maximum_slope .* mag\/d +Largest \|dm\/dt\| of neighbouring points\./)
    expect(text).toMatch(/solar_system 1\.1\.0 {2}ok\n +class +candidate/)
    expect(text).toMatch(/g g 1 · r r 1 · v upper limit 9/)
    expect(text).toMatch(/packet +ztf\/packets\/night=20240421\/.*\.avro, byte \d+, \d+ bytes/)
  })

  test.each([ALERT, '169813006111211570', '7912941781254298'])(
    'the stamps of alert %s are read from its packet and written',
    async (id) => {
      const stamps = join(lake, '..', 'stamps')
      const { json } = await see(id, { stamps })
      expect((json['stamps'] as unknown[]).length).toBe(3)
      for (const name of ['science', 'template', 'difference']) {
        const png = readFileSync(join(stamps, `${id}-${name}.png`))
        expect(png.toString('latin1', 1, 4)).toBe('PNG')
      }
    }
  )

  test('an object: all its alerts', async () => {
    const { json, text } = await see(OBJECT)
    expect(json).toMatchObject({ kind: 'object', object_id: OBJECT })
    expect((json['alerts'] as unknown[]).length).toBe(1)
    expect(text).toMatch(/1 alert in the lake/)
  })

  test('an object: the stamps of all its alerts', async () => {
    const folder = join(lake, '..', 'object-stamps')
    const { json, text } = await see(OBJECT, { stamps: folder })
    const files = readdirSync(folder)
    expect(files).toHaveLength(3)
    expect(files.every((name) => name.startsWith(`${ALERT}-`))).toBe(true)
    expect((json['stamps'] as unknown[]).length).toBe(3)
    expect(text).toContain(join(folder, `${ALERT}-science.png`))
  })

  test('a part: rows, provenance, columns, statuses', async () => {
    const [path = ''] = filesIn('ztf/alerts/night=20240421', '.parquet')
    const { json, text } = await see(path)
    expect(json).toMatchObject({
      kind: 'part',
      rows: 14,
      provenance: { 'siskin.survey': 'ztf', 'siskin.night': '20240421' },
      modules: { apparent: { ok: 4, 'not-applicable': 10 } }
    })
    expect(text).toMatch(/siskin\.modules +quality@/)
    expect(text).toMatch(/history_flux_err +nJy +Its standard deviation\./)
    const column = { name: 'ztf.magpsf', unit: 'mag', ucd: 'phot.mag' }
    expect(json['described']).toContainEqual(expect.objectContaining(column))
    const { text: all } = await see(path, { columns: true })
    expect(all).toMatch(/lsst\.ssSource\.ephRate +deg\/d +pos\.pm;pos\.ephem +Motion on the sky/)
  })

  test('a part with damaged pages is one sentence', async () => {
    const [path = ''] = filesIn('ztf/alerts/night=20240421', '.parquet')
    const bytes = readFileSync(path)
    const footer = bytes.readUInt32LE(bytes.length - 8) + 8
    const damaged = join(lake, '..', 'damaged.parquet')
    writeFileSync(
      damaged,
      Buffer.concat([Buffer.alloc(bytes.length - footer), bytes.subarray(-footer)])
    )
    await expect(see(damaged)).rejects.toThrow(/damaged\.parquet is damaged: .*siskin verify says/)
  })

  test('quarantine: packets by reason', async () => {
    const [path = ''] = filesIn('quarantine', '.parquet')
    const { json, text } = await see(path)
    expect(json).toMatchObject({ kind: 'part', rows: 1, reasons: { 'not-avro': 1 } })
    const [packet] = json['quarantined'] as Record<string, string>[]
    expect(packet).toMatchObject({ position: '0', reason: 'not-avro' })
    expect(packet!['detail']).not.toBe('')
    expect(text).toMatch(/reason +source +position +file +detail\n +not-avro +\S+ +0 +/)
    expect(text).toContain(packet!['detail'])
  })

  test('a topic file: its messages', async () => {
    const [path = ''] = filesIn('topics/solar-system-known/night=20231012', '.avro')
    const { json, text } = await see(path)
    expect(json).toMatchObject({ kind: 'topic', format: 'siskin.v1_0.alert', messages: 15 })
    expect(text).toMatch(/ZTF23abjjnqm/)
  })

  test('a folder of topic files: how many messages there are, the first of them', async () => {
    const { json, text } = await see(join(lake, 'topics/solar-system-known'))
    const files = filesIn('topics/solar-system-known', '.avro')
    const each = await Promise.all(files.map((path) => see(path)))
    const messages = each.reduce((sum, own) => sum + Number(own.json['messages']), 0)
    expect(files.length).toBeGreaterThan(1)
    expect(json).toMatchObject({ kind: 'topic', files: files.length, messages })
    expect(json['first']).toHaveLength(5)
    expect(text).toContain(`${messages} messages of siskin.v1_0.alert in ${files.length} files`)
  })

  test('a folder of parts names one of them', async () => {
    const [path = ''] = filesIn('ztf/alerts/night=20240421', '.parquet')
    const folder = dirname(dirname(path))
    await expect(see(folder)).rejects.toThrow(`holds Parquet files: give one of them (${path})`)
  })

  test('an LSST packet whose schema is not at hand: where it is to be named', async () => {
    const thing = `${LSST}7912941781254298.v900.confluent`
    const without = await inspect({ thing, lake, schemas: null, stamps: null })
    expect(without.text).toMatch(/unknown-schema, schema id 900\n.*say where it is with --schemas/)
    const other = await inspect({ thing, lake, schemas: temporaryFolder(), stamps: null })
    expect(other.text).toMatch(/siskin-test-\w+ has no such schema: --schemas is a folder/)
  })

  test('packets: of the lake, of an archive, one of LSST', async () => {
    const [path = ''] = filesIn('ztf/packets/night=20240421', '.avro')
    expect((await see(path)).json).toMatchObject({ kind: 'packets', complete: true })
    const archive = await see(ZTF)
    expect(archive.json).toMatchObject({ complete: false, quarantined: [] })
    expect(archive.text).toMatch(/the first 20 packets/)
    const one = await see(`${LSST}7912941781254298.v900.confluent`)
    expect(one.text).toMatch(/r 23\.675 \+- 0\.217 mag, fainter than the reference/)
  })

  test('a packet that cannot be read says why', async () => {
    const broken = join(lake, '..', 'damaged', 'no.avro')
    expect((await see(broken)).text).toMatch(/would go to quarantine: not-avro/)
  })

  test.each([
    ['nonsense', /no file or folder "nonsense", and the lake .* has no alert or object/],
    ['99', /has no alert or object/],
    ['123456789012345678901234567890', /has no alert or object/],
    ['/no/such/file.avro', /no file or folder .*; give a packet file/]
  ])('%s is nothing: the kinds are named', async (thing, message) => {
    await expect(see(thing)).rejects.toThrow(message)
  })

  test('as a command: ids are strings in JSON; wrong use is exit code 2', async () => {
    const { stdout, code } = await siskin(['inspect', ALERT, '--lake', lake, '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ alert: { alert_id: ALERT } })
    const nothing = await siskin(['inspect', 'nonsense', '--lake', lake])
    expect(nothing.code).toBe(2)
    expect(nothing.stderr).toMatch(/^siskin: there is no file/)
    expect((await siskin(['inspect', '1', '--lake', join(lake, 'no')])).stderr).toMatch(
      /no lake at/
    )
  })
})
