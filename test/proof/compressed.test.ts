import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import { DuckDBInstance } from '@duckdb/node-api'
import { beforeAll, describe, expect, it } from 'vitest'
import { layContainer } from '../../engine/avro/container.ts'
import { openSources } from '../../engine/consume/open.ts'
import { compressedSurveys, PacketFiles } from '../../engine/lake/files/packet-files.ts'
import type { PacketPlace } from '../../engine/lake/files/packet-files.ts'
import { packetsOf } from '../../engine/replay/packets.ts'
import { openStore } from '../../engine/store/open-store.ts'
import { readArchive } from '../../simulator/read-archive.ts'
import { tarOf } from '../support/archives.ts'
import { decode } from '../support/packets.ts'
import { INSTALL_MS, pythonFor, runPython } from '../support/python.ts'
import { fingerprint, siskin, temporaryFolder } from '../support/siskin.ts'
import { damage, filesIn, nightOf, recordsIn, runInto, verdictOf } from './support.ts'

const folder = temporaryFolder()
/** One source with its packets compressed, another with them as they came. */
const mixed = join(folder, 'mixed')
const plain = join(folder, 'plain')
const archives: string[] = []

beforeAll(async () => {
  for (const seed of [5, 6]) archives.push(await nightOf(folder, seed))
  await runInto(mixed, archives[0]!, '--compress-packets', 'ztf')
  await runInto(mixed, archives[1]!, '--compress-packets', 'none')
  for (const archive of archives) await runInto(plain, archive)
}, 120_000)

const packetFiles = (lake: string) =>
  recordsIn(lake).flatMap(({ files }) => files.filter(isPackets))
const isPackets = ({ kind }: { kind: string }) => kind === 'packets'

async function rowsOf(sql: string): Promise<unknown[][]> {
  const db = await (await DuckDBInstance.create()).connect()
  return (await db.runAndReadAll(sql)).getRows()
}

const from = (lake: string) => `FROM '${lake}/ztf/alerts/**/*.parquet'`

async function placesIn(lake: string): Promise<[string, PacketPlace][]> {
  const pointers = `SELECT alert_id, packet_file, packet_offset, packet_length ${from(lake)} ORDER BY ALL`
  return (await rowsOf(pointers)).map(([id, path, offset, length]) => {
    return [String(id), { path: String(path), offset: Number(offset), length: Number(length) }]
  })
}

describe('packets that are kept compressed', () => {
  it('are the bytes that came, in smaller files, and nothing else of the lake changes', async () => {
    const codecs = packetFiles(mixed).map(({ path, codec }) => [path.includes('night5'), codec])
    expect(new Set(codecs.map(String))).toEqual(new Set(['true,zstandard', 'false,']))
    const sizes = new Map(packetFiles(plain).map(({ path, bytes }) => [path, bytes]))
    for (const { path, bytes, codec } of packetFiles(mixed)) {
      if (codec) expect(bytes).toBeLessThan(sizes.get(path)!)
      else expect(bytes).toBe(sizes.get(path))
    }
    const [packed, raw] = [mixed, plain].map((lake) => new PacketFiles(openStore(lake)))
    const key = (id: string, { path }: PacketPlace) => `${id} ${path}`
    const places = new Map((await placesIn(plain)).map(([id, place]) => [key(id, place), place]))
    for (const [id, place] of await placesIn(mixed)) {
      const [own, sent] = [await packed!.read(place), await raw!.read(places.get(key(id, place))!)]
      expect(Buffer.compare(own, sent), id).toBe(0)
    }
    const own = `SELECT COLUMNS(c -> c NOT LIKE 'packet_%')`
    const less = `SELECT count(*) FROM (${own} ${from(mixed)} EXCEPT ALL ${own} ${from(plain)})`
    expect(await rowsOf(less)).toEqual([[0n]])
    const other = (lake: string) =>
      filesIn(lake, 'topics').map((path) => readFileSync(join(lake, path)))
    expect(other(mixed)).toEqual(other(plain))
  })

  it('are proved byte by byte, and told from copies when a gap is filled', async () => {
    expect(await verdictOf(mixed, '--deep')).toMatchObject({ ok: true, differences: [] })
    const other = join(folder, 'other.tar')
    const copies = readArchive(archives[0]!).map(({ bytes }, i) => ({ name: `o${i}.avro`, bytes }))
    writeFileSync(other, tarOf(copies))
    const lake = copyOf('copies')
    await runInto(lake, other)
    const { alerts } = await verdictOf(lake)
    expect(alerts).toBe((await placesIn(mixed)).length)
    rmSync(
      join(
        lake,
        filesIn(lake, '_siskin/ledger').find((path) => path.includes('other-'))!
      )
    )
    const args = ['repair', '--lake', lake, '--yes', '--source', other]
    const { code, stdout, stderr } = await siskin(args)
    expect(code, stdout + stderr).toBe(0)
    expect(await verdictOf(lake)).toMatchObject({ ok: true, alerts, copies: 0 })
  })

  it('are mended as they were, from themselves and from their archive', async () => {
    const lake = copyOf('mended')
    const [one, two] = recordsIn(lake).filter(({ files }) => files.some(({ codec }) => codec))
    rmSync(join(lake, one!.files.find(({ kind }) => kind === 'alerts')!.path))
    damage(lake, two!.files.find(isPackets)!.path, 0.5, 0.51)
    expect((await verdictOf(lake, '--deep')).ok).toBe(false)
    const args = ['repair', '--lake', lake, '--deep', '--yes', '--source', ...archives]
    const { code, stdout, stderr } = await siskin(args)
    expect(code, stdout + stderr).toBe(0)
    expect(fingerprint(lake)).toEqual(fingerprint(mixed))
  })

  it('give their stamps, the messages of history and themselves to whoever asks', async () => {
    const [[id] = [''], ...others] = await placesIn(mixed)
    expect(others.length).toBeGreaterThan(1)
    const told = await siskin(['inspect', id, '--lake', mixed, '--json'])
    expect(told.code, told.stderr).toBe(0)
    const lakes: string[] = []
    for (const codec of ['ztf', 'none']) {
      const lake = join(folder, `history-${codec}`)
      await runInto(
        lake,
        archives[0]!,
        '--compress-packets',
        codec,
        '--filters',
        'solar_system_known'
      )
      const ran = await siskin(['reprocess', '--lake', lake, '--filters', 'new_source,fast_fader'])
      expect(ran.code, ran.stderr).toBe(0)
      lakes.push(lake)
    }
    const files = lakes.map((lake) => filesIn(lake, 'topics').filter((path) => path.includes('@')))
    expect(files[0]!.length).toBeGreaterThan(0)
    expect(files[0]).toEqual(files[1])
    for (const path of files[0]!) {
      expect(readFileSync(join(lakes[0]!, path))).toEqual(readFileSync(join(lakes[1]!, path)))
    }
    const ids = await Promise.all(
      [mixed, plain].map(async (lake) => {
        const files = packetFiles(lake).map(({ path }) => join(lake, path))
        const values: string[] = []
        for (const source of await openSources(files.filter((path) => path.includes('night5')))) {
          for await (const some of packetsOf(
            source,
            () => {},
            () => {}
          )) {
            const result = decode(some.map(({ value }, i) => ({ name: `${i}`, bytes: value })))
            for (const { table } of (await result).alerts) {
              for (let row = 0; row < table.rows; row++) {
                values.push(String(table.fixed('alert_id').values[row]))
              }
            }
          }
        }
        return values.sort()
      })
    )
    expect(ids[0]).toEqual(ids[1])
    expect(ids[0]!.length).toBeGreaterThan(10)
  })

  it('open in fastavro as in any reader of Avro', { timeout: INSTALL_MS }, async (context) => {
    const python = await pythonFor(context)
    const files = packetFiles(mixed).map(({ path }) => join(mixed, path))
    const script = `
import fastavro, json
candids = []
for path in ${JSON.stringify(files)}:
    with open(path, 'rb') as file:
        candids += [packet['candid'] for packet in fastavro.reader(file)]
print(json.dumps([str(candid) for candid in sorted(candids)]))`
    const { code, stdout, stderr } = await runPython(python, ['-c', script])
    expect(code, stderr).toBe(0)
    expect(JSON.parse(stdout)).toEqual((await placesIn(mixed)).map(([id]) => id))
  })

  it('that inflate to more than a packet are refused without having taken more', async () => {
    const lake = copyOf('bomb')
    const { path } = packetFiles(lake).find(({ codec }) => codec)!
    const schema = await new PacketFiles(openStore(lake)).header(path)
    const bomb = zstdCompressSync(Buffer.alloc(512 * 1024 * 1024))
    const { pieces, offsets } = layContainer(path, schema.schema, {}, [bomb])
    const text = Buffer.concat(pieces)
      .toString('latin1')
      .replace('avro.codec\bnull', 'avro.codec\x12zstandard')
    writeFileSync(join(lake, path), Buffer.from(text, 'latin1'))
    const place = {
      path,
      offset: offsets[0]! + 'zstandard'.length - 'null'.length,
      length: bomb.length
    }
    await expect(new PacketFiles(openStore(lake)).read(place)).rejects.toThrow('zstandard')
    const before = process.memoryUsage().arrayBuffers
    await new PacketFiles(openStore(lake)).read(place).catch(() => {})
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024)
  })

  it('are those of LSST in HDFS, where nobody says', () => {
    expect([...compressedSurveys('hdfs://namenode:9870/lake')]).toEqual(['lsst'])
    expect([...compressedSurveys('swebhdfs://namenode:9871/lake', [])]).toEqual([])
    expect([...compressedSurveys('lake')]).toEqual([])
    expect([...compressedSurveys('lake', ['ztf'])]).toEqual(['ztf'])
  })
})

function copyOf(name: string): string {
  const copy = join(folder, basename(name))
  cpSync(mixed, copy, { recursive: true })
  return copy
}
