import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openSources } from '../../engine/consume/open.ts'
import { packetsOf } from '../../engine/replay/packets.ts'
import { writeContainer } from '../support/avro.ts'
import { decode, onlyTable, syntheticLsst, syntheticZtf } from '../support/packets.ts'
import { temporaryFolder } from '../support/siskin.ts'
import { encode, ztfAlert, ztfSchema } from '../support/synthetic.ts'

const folder = temporaryFolder()

/** The messages that a file becomes, and what was left out. */
async function sentOf(name: string, bytes: Uint8Array) {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  const sources = await openSources([path])
  const leftOut: string[] = []
  const values: Buffer[] = []
  const told = (place: string, reason: string) => leftOut.push(`${place}: ${reason}`)
  for await (const some of packetsOf(sources[0]!, () => {}, told)) {
    values.push(...some.map(({ value }) => value))
  }
  return { values, leftOut }
}

test('a file of one packet goes as it is', async () => {
  const [ztf] = syntheticZtf(1)
  const [lsst] = syntheticLsst(1)
  const no = Buffer.from('no packet')
  for (const [name, bytes] of [
    ['a.avro', ztf!.bytes],
    ['b.confluent', lsst!.bytes],
    ['c.avro', no],
    ['d.avro', ztf!.bytes.subarray(0, 3000)]
  ] as const) {
    const { values, leftOut } = await sentOf(name, bytes)
    expect(leftOut).toEqual([])
    expect(values).toHaveLength(1)
    expect(values[0]!.equals(bytes), name).toBe(true)
  }
})

test.each(['null', 'deflate', 'zstandard', 'snappy'])(
  'a container of blocks of several packets (%s) becomes a container for each',
  async (codec) => {
    const schema = ztfSchema()
    const data = Array.from({ length: 7 }, (_, i) => encode(schema, ztfAlert(i)))
    const bytes = writeContainer(JSON.stringify(schema), data, codec, 3)
    const { values } = await sentOf(`${codec}.avro`, bytes)
    expect(values).toHaveLength(7)
    const whole = onlyTable(await decode([{ name: 'whole', bytes }]))
    const single = onlyTable(await decode(values.map((value) => ({ name: 'one', bytes: value }))))
    expect(single.rows).toBe(7)
    expect(single.fixed('alert_id').values).toEqual(whole.fixed('alert_id').values)
  }
)

test('what is far too large for a packet is left out and told', async () => {
  const { values, leftOut } = await sentOf('huge.avro', Buffer.alloc(9 * 1024 * 1024, 1))
  expect(values).toEqual([])
  expect(leftOut).toHaveLength(1)
  expect(leftOut[0]).toContain('9437184 bytes')
})
