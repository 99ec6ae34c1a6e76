import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openContainer } from '../../support/avro.ts'
import { temporaryFolder } from '../../support/siskin.ts'
import { avroType } from '../../../engine/avro/type.ts'
import { Decoder } from '../../../engine/subscribe/alert.ts'
import type { Alert } from '../../../engine/subscribe/alert.ts'
import { columnsOf, pathsOf } from '../../../engine/subscribe/save/avro-nodes.ts'
import type { SaveOptions } from '../../../engine/subscribe/save/columns.ts'
import { AvroFile } from '../../../engine/subscribe/save/avro.ts'
import { CsvFile } from '../../../engine/subscribe/save/save-csv.ts'
import { fitsOf, HeldFile, votableOf } from '../../../engine/subscribe/save/save-held.ts'

const EPOCH = {
  type: 'record',
  name: 'epoch',
  fields: [
    { name: 'mjd', type: 'double', doc: 'Time. [d]' },
    { name: 'id', type: ['null', 'long'] },
    { name: 'band', type: ['null', 'string'] }
  ]
}
const SCHEMA = JSON.stringify({
  type: 'record',
  name: 'alert',
  fields: [
    { name: 'alert_id', type: 'long' },
    { name: 'name', type: ['null', 'string'], doc: 'Whose <name> & "title".' },
    { name: 'mjd', type: ['null', 'double'], unit: 'd', ucd: 'time.epoch' },
    { name: 'mag', type: ['null', 'float'], doc: 'Brightness. [mag]' },
    { name: 'good', type: ['null', 'boolean'] },
    { name: 'light_curve', type: { type: 'array', items: EPOCH } },
    { name: 'cutout_science', type: ['null', 'bytes'] }
  ]
})

const RECORDS = [
  {
    alert_id: 2n ** 62n,
    name: 'a, "b" <c> & d',
    mjd: 61_000.25,
    mag: Math.fround(18.3),
    good: true,
    light_curve: [
      { mjd: 60_999, id: null, band: 'g' },
      { mjd: 61_000.25, id: 2n ** 62n, band: null }
    ],
    cutout_science: Buffer.from('png')
  },
  {
    alert_id: -1n,
    name: '',
    mjd: null,
    mag: null,
    good: null,
    light_curve: [],
    cutout_science: null
  }
]

const type = avroType(SCHEMA)
const decoder = new Decoder()
const alerts = RECORDS.map((record, i): Alert => {
  const datum = type.toBuffer(record)
  return decoder.decode({ topic: ['first', 'second'][i]!, place: 'p', schema: SCHEMA, datum })
})

const OPTIONS: SaveOptions = { fields: null, stamps: false, several: true, declared: () => null }
const folder = temporaryFolder()

describe('files of alerts', () => {
  it('CSV: nulls are empty and empty texts are not; lists are JSON; ids are whole', async () => {
    const path = join(folder, 'a.csv')
    const file = new CsvFile(path, OPTIONS)
    await file.take(alerts)
    await file.close()
    expect(readFileSync(path, 'utf8').split('\n')).toEqual([
      'topic,alert_id,name,mjd,mag,good,light_curve.mjd,light_curve.id,light_curve.band',
      'first,4611686018427387904,"a, ""b"" <c> & d",61000.25,18.3,True,"[60999,61000.25]","[null,4611686018427387904]","[""g"",null]"',
      'second,-1,"",,,,[],[],[]',
      ''
    ])
  })

  it('Enhanced CSV: unit, UCD and description of each column', async () => {
    const path = join(folder, 'a.ecsv')
    const fields = ['mag', 'mjd', 'light_curve.mjd', 'time']
    const file = new CsvFile(path, { ...OPTIONS, fields })
    await file.take(alerts)
    await file.close()
    expect(readFileSync(path, 'utf8').split('\n').slice(4, 11)).toEqual([
      '# - {name: "mag", unit: "mag", datatype: float32, description: "Brightness."}',
      '# - {name: "mjd", unit: "d", datatype: float64, meta: {ucd: "time.epoch"}}',
      '# - {name: "light_curve.mjd", unit: "d", datatype: string, subtype: "float64[null]", description: "Time."}',
      '# - {name: "time", datatype: string, description: "Time of the detection, UTC, ISO 8601."}',
      '# schema: astropy-2.0',
      'mag,mjd,light_curve.mjd,time',
      '18.3,61000.25,"[60999,61000.25]",2025-11-21T06:00:00Z'
    ])
  })

  it('VOTable: the same as attributes; what the message does not say is declared', async () => {
    const path = join(folder, 'a.vot')
    const declared = (name: string) => (name === 'mag' ? { ucd: 'phot.mag', unit: 'other' } : null)
    const file = new HeldFile(path, { ...OPTIONS, declared, several: false }, votableOf)
    await file.take(alerts)
    expect(file.isFlushed).toBe(false)
    await file.close()
    const text = readFileSync(path, 'utf8')
    expect(text).toContain(
      '<FIELD name="mag" datatype="float" unit="mag" ucd="phot.mag"><DESCRIPTION>Brightness.</DESCRIPTION></FIELD>'
    )
    expect(text).toContain(
      '<FIELD name="mjd" datatype="double" unit="d" ucd="time.epoch" ref="utc">'
    )
    expect(text).toContain('<DESCRIPTION>Whose &lt;name&gt; &amp; &quot;title&quot;.</DESCRIPTION>')
    expect(text).not.toContain('cutout')
    expect(text).toContain(
      '<TR><TD>4611686018427387904</TD><TD>a, &quot;b&quot; &lt;c&gt; &amp; d</TD><TD>61000.25</TD><TD>18.3</TD><TD>T</TD>' +
        '<TD>60999 61000.25</TD><TD>-9223372036854775808 4611686018427387904</TD><TD>[&quot;g&quot;,null]</TD></TR>'
    )
    expect(text).toContain(
      '<TR><TD>-1</TD><TD></TD><TD></TD><TD></TD><TD></TD><TD></TD><TD></TD><TD>[]</TD></TR>'
    )
  })

  it('FITS: blocks of 2,880 bytes; nulls, 64-bit ids and long texts by the standard', async () => {
    const path = join(folder, 'a.fits')
    const doc = `${"It is Bessel's. ".repeat(9)}€`
    const declared = (name: string) => (name === 'alert_id' ? { doc, ucd: 'meta.id' } : null)
    const file = new HeldFile(path, { ...OPTIONS, declared, several: false }, fitsOf)
    await file.take(alerts)
    await file.close()
    const bytes = readFileSync(path)
    expect(bytes.length % 2880).toBe(0)
    const cards = Array.from({ length: (bytes.length - 2880) / 80 }, (_, i) =>
      bytes.toString('latin1', 2880 + i * 80, 2960 + i * 80).trimEnd()
    )
    const end = cards.indexOf('END')
    const card = (name: string) => cards.find((one) => one.startsWith(name.padEnd(8)))?.slice(10)
    expect(card('TFORM1')).toBe("'1K      '")
    expect(card('TNULL1')).toBe('-9223372036854775808')
    expect(card('TUCD1')).toBe("'meta.id '")
    const long = cards.slice(
      cards.findIndex((one) => one.startsWith('TCOMM1')),
      end
    )
    const pieces = long.filter((one, i) => i === 0 || one.startsWith('CONTINUE'))
    const text = pieces.map((one) => /'(.*?)&?'$/.exec(one)![1]).join('')
    expect(text.replaceAll("''", "'")).toBe(doc.replace('€', '?'))
    expect(card('TFORM6')).toBe("'1PD(2)  '")
    const data = bytes.subarray(2880 + Math.ceil((end + 1) / 36) * 2880)
    expect(data.readBigInt64BE(0)).toBe(2n ** 62n)
    const width = Number(card('NAXIS1'))
    expect(data.readBigInt64BE(width)).toBe(-1n)
    expect(data.readDoubleBE(width + 8 + Number.parseInt(card('TFORM2')!.slice(1), 10))).toBeNaN()
    expect(data.readDoubleBE(width * 2)).toBe(60_999)
  })

  it('Avro: each message as it came, behind its topic where there are several', async () => {
    const [path, plain] = [join(folder, 'a.avro'), join(folder, 'b.avro')]
    for (const [name, several] of [
      [path, true],
      [plain, false]
    ] as const) {
      const file = new AvroFile(name, several)
      await file.take(alerts)
      await file.close()
    }
    const { data } = await openContainer(readFileSync(path))
    expect(data.map(({ topic, alert_id: id }) => [topic, id])).toEqual([
      ['first', 2n ** 62n],
      ['second', -1n]
    ])
    expect((await openContainer(readFileSync(plain))).schema).toBe(SCHEMA)
  })

  it('refuses a field that is not there', async () => {
    const file = new CsvFile(join(folder, 'no.csv'), { ...OPTIONS, fields: ['magg'] })
    await expect(file.take(alerts)).rejects.toThrow(
      'messages of first have no "magg"; there are: alert_id,'
    )
  })
})

it('a record that holds its own kind has a column of text', () => {
  const schema = JSON.stringify({
    type: 'record',
    name: 'tree',
    fields: [
      { name: 'x', type: 'int' },
      { name: 'next', type: ['null', 'tree'] }
    ]
  })
  expect(pathsOf(columnsOf(schema))).toEqual(['x', 'next'])
})

it('a message that is no record is refused', () => {
  const message = { topic: 't', place: 'p', schema: '"string"', datum: Buffer.from([2, 97]) }
  expect(() => new Decoder().decode(message)).toThrow('its schema is no record, but string')
})
