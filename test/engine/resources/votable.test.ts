import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { flag, id, number, text } from '#contract'
import type { Need } from '../../../engine/contract/index.ts'
import { readCatalogue } from '../../../engine/resources/catalogue.ts'
import { INSTALL_MS, pythonFor, runPython } from '../../support/python.ts'
import { temporaryFolder } from '../../support/siskin.ts'

const folder = temporaryFolder()
let made = 0

function file(content: string | Uint8Array, name = 'stars.vot'): string {
  const own = join(folder, String((made += 1)))
  mkdirSync(own)
  writeFileSync(join(own, name), content)
  return own
}

async function read(from: string, needs: readonly Need<unknown>[] = []) {
  const said: string[] = []
  const found = await readCatalogue(from, 'stars', needs, (message) => said.push(message))
  const columns = Object.fromEntries([...found!.columns].map(([name, own]) => [name, [...own]]))
  return { index: found!.index, columns, said }
}

const PLACE =
  '<FIELD name="ra" datatype="double" unit="deg"/><FIELD name="dec" datatype="double" unit="deg"/>'
const votable = (fields: string, data: string, more = '') =>
  `<?xml version="1.0" encoding="UTF-8"?>
<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE type="results">${more}
<TABLE name="stars">${fields}<DATA>${data}</DATA></TABLE></RESOURCE></VOTABLE>`
const rowsOf = (...rows: readonly (readonly string[])[]) =>
  `<TABLEDATA>${rows.map((row) => `<TR>${row.map((cell) => `<TD>${cell}</TD>`).join('')}</TR>`).join('\n')}</TABLEDATA>`

describe('a catalogue as VOTable', () => {
  test('rows of text: nulls of every kind, numbers of every form, entities and CDATA', async () => {
    const fields = `${PLACE}
      <FIELD name="n" datatype="int"><DESCRIPTION>x</DESCRIPTION><VALUES null="-99"><MIN value="0"/></VALUES></FIELD>
      <FIELD name="long" datatype="long"/><FIELD name="b" datatype="boolean"/>
      <FIELD name="mag" datatype="float" unit="mag"/><FIELD name="type" datatype="char" arraysize="*"/>
      <FIELD name="list" datatype="float" arraysize="3"/>`
    const data = rowsOf(
      ['10.5', ' -20 ', '7', '4611686018427387905', 'T', '12.5', 'E &amp; A  ', '1 2 3'],
      ['11', '-21', ' -99 ', '', '?', 'NaN', '', ''],
      ['1.2e1', '-22', '0x1F', '-1', 'false', '', '<![CDATA[<x>]]>', '']
    )
    const needs = [number('n', ''), id('long'), flag('b'), number('mag', 'mag'), text('type')]
    const { index, columns } = await read(file(votable(fields, data)), needs)
    expect(columns).toEqual({
      n: [7, null, 31],
      long: [4_611_686_018_427_387_905n, null, -1n],
      b: [true, null, false],
      mag: [12.5, null, null],
      type: ['E & A', null, '<x>']
    })
    expect(index.nearest(12, -22, 1).at).toBe(2)
  })

  test('prefixes, other encodings, gzip', async () => {
    const fields = `${PLACE}<FIELD name="type" datatype="unicodeChar" arraysize="*"/>`
    const plain = votable(fields, rowsOf(['1', '2', 'Çelebi']))
    const prefixed = plain.replaceAll(/<(\/?)(?=[A-Z])/g, '<$1v:').replace('xmlns=', 'xmlns:v=')
    const latin = Buffer.from(plain.replace('UTF-8', 'ISO-8859-1'), 'latin1')
    for (const [bytes, name] of [
      [prefixed, 'stars.xml'],
      [latin, 'stars.votable'],
      [Buffer.from(`\uFEFF${plain}`, 'utf16le'), 'stars.vot'],
      [gzipSync(plain), 'stars.vot.gz']
    ] as const) {
      const { columns } = await read(file(bytes, name), [text('type')])
      expect(columns).toEqual({ type: ['Çelebi'] })
    }
    const csv = file(gzipSync('ra,dec,type\n1,2,x\n'), 'stars.csv.gz')
    expect((await read(csv, [text('type')])).columns).toEqual({ type: ['x'] })
  })

  test('which columns are the place: by UCD where names differ, not those in other units', async () => {
    const field = (name: string, ucd: string, unit = 'deg') =>
      `<FIELD name="${name}" ucd="${ucd}" unit="${unit}" datatype="double"/>`
    const row = rowsOf(['7', '8', '17', '18'])
    const places = async (fields: string) => {
      const { index } = await read(file(votable(fields, row)))
      return [index.nearest(7, 8, 1).at, index.nearest(17, 18, 1).at]
    }
    const other = field('alpha', 'pos.eq.ra') + field('delta', 'pos.eq.dec')
    const main = field('RA_ICRS', 'pos.eq.ra;meta.main') + field('DE_ICRS', 'pos.eq.dec; meta.main')
    expect(await places(main + other)).toEqual([0, -1])
    expect(await places(other.replaceAll('alpha', 'RAJ2000') + main)).toEqual([-1, 0])
    const old = field('al', 'POS_EQ_RA_MAIN') + field('de', 'POS_EQ_DEC_MAIN')
    expect(await places(field('ra', '', 'h') + field('dec', '', 'dms') + old)).toEqual([-1, 0])
    await expect(places(field('ra', '', 'rad') + field('dec', '', 'rad') + other)).rejects.toThrow(
      'catalogue stars: "ra" is in rad: degrees are wanted'
    )
  })

  test('of another equinox, in another unit, cut off by its service, failed', async () => {
    const row = rowsOf(['1', '2', '3'])
    const mag = '<FIELD name="mag" datatype="float" unit="mJy"/>'
    const system = '<COOSYS ID="B" system="eq_FK4" equinox="B1950"/>'
    const old = PLACE.replaceAll('unit', 'ref="B" unit')
    await expect(read(file(votable(old + mag, row, system)))).rejects.toThrow(
      '"ra" is of the system eq_FK4: ICRS (or J2000) is wanted'
    )
    const own = file(votable(PLACE + mag, row))
    await expect(read(own, [number('mag', 'mag')])).rejects.toThrow(
      /stars\.vot: "mag" is asked for in mag, but is in mJy: ask for it in 'survey'/
    )
    expect((await read(own, [number('mag', 'survey')])).columns).toEqual({ mag: [3] })
    const overflow = votable(PLACE + mag, row).replace(
      '</TABLE>',
      '</TABLE><INFO name="QUERY_STATUS" value="OVERFLOW"/>'
    )
    expect((await read(file(overflow))).said).toEqual([
      expect.stringContaining('its service had more rows than it gave (OVERFLOW)')
    ])
    const failed = '<INFO name="QUERY_STATUS" value="ERROR">no such table</INFO>'
    await expect(read(file(votable(PLACE + mag, row, failed)))).rejects.toThrow(
      'its service failed: no such table'
    )
  })

  const LIST = `${PLACE}<FIELD name="list" datatype="int" arraysize="*"/>`
  const row = rowsOf(['1', '2', '3'])
  test.each([
    [/it begins with <html>: it is no VOTable/, '<html/>'],
    [/it has no table/, '<VOTABLE/>'],
    [/it is no VOTable/, ''],
    [/it is no XML: .* in line \d/, votable(LIST, row).slice(0, -40)],
    [/row 1 has 2 cells for 3 fields/, votable(LIST, row.replace('<TD>3</TD>', ''))],
    [/row 1 has more cells than/, votable(LIST, row.replace('<TD>3</TD>', '<TD/><TD/>'))],
    [/row 1 has ra "00 01 16", which is no double/, votable(LIST, rowsOf(['00 01 16', '2', '3']))],
    [/"list" has the datatype "integer"/, votable(LIST.replace('"int"', '"integer"'), row)],
    [/its data are FITS: TABLEDATA, BINARY/, votable(LIST, '<FITS><STREAM href="x"/></FITS>')],
    [/elsewhere \(x\.bin\): save it/, votable(LIST, '<BINARY><STREAM href="x.bin"/></BINARY>')],
    [/end within row 1/, votable(LIST, '<BINARY><STREAM encoding="base64">AAAA</STREAM></BINARY>')],
    [
      /several tables/,
      votable(LIST, row).replace('</RESOURCE>', '<TABLE><DATA/></TABLE></RESOURCE>')
    ]
  ])('what is none is one sentence: %s', async (says, content) => {
    await expect(read(file(content))).rejects.toThrow(says)
  })

  test('a column of lists is not to be asked for', async () => {
    await expect(read(file(votable(LIST, row)), [number('list', '')])).rejects.toThrow(
      '"list" has several values a row'
    )
  })
})

const WRITE = `
import sys, warnings
import numpy as np
from astropy.table import Table, MaskedColumn
from astropy.io.votable import from_table
warnings.simplefilter('ignore')
table = Table(masked=True)
table['ra'] = MaskedColumn([10.5, 11.0, 359.999], unit='deg', dtype='f8')
table['dec'] = MaskedColumn([-20.0, -21.0, 89.5], unit='deg', dtype='f8')
table['list'] = np.arange(6, dtype='f4').reshape(3, 2)
table['flag'] = MaskedColumn([True, False, True], mask=[0, 0, 1])
table['byte'] = MaskedColumn([0, 255, 3], dtype='u1', mask=[0, 0, 1], fill_value=3)
table['short'] = MaskedColumn([-7, 8, 9], dtype='i2', mask=[0, 1, 0], fill_value=-32768)
table['int'] = MaskedColumn([-70000, 8, 9], dtype='i4', mask=[0, 1, 0], fill_value=-1)
table['long'] = MaskedColumn([4611686018427387905, -1, 9], dtype='i8', mask=[0, 0, 1], fill_value=-99)
table['mag'] = MaskedColumn([12.25, np.nan, 1.5], dtype='f4', unit='mag', mask=[0, 0, 1])
table['type'] = MaskedColumn(['EA', 'é', ''], dtype='U5')
table['words'] = MaskedColumn(['a', 'longer', 'x'], dtype=object)
NULLS = {'byte': 3, 'short': -32768, 'int': -1, 'long': -99}
for form in ('tabledata', 'binary', 'binary2'):
    out = from_table(table)
    for field in out.get_first_table().fields:
        if field.name in NULLS:
            field.values.null = NULLS[field.name]
    out.to_xml(f'{sys.argv[1]}/{form}.vot', tabledata_format=form)
    out.to_xml(f'{sys.argv[1]}/{form}-gz.vot.gz', tabledata_format=form, compressed=True)
`

test(
  'what astropy writes, in each of its forms, is read as it was',
  async (context) => {
    const python = await pythonFor(context)
    const own = join(folder, 'astropy')
    mkdirSync(own)
    const ran = await runPython(python, ['-c', WRITE, own])
    expect(ran.code, ran.stderr).toBe(0)
    const needs = [
      flag('flag'),
      ...['byte', 'short', 'int'].map((name) => number(name, '')),
      id('long'),
      number('mag', 'mag'),
      text('type'),
      text('words')
    ]
    for (const form of ['tabledata', 'binary', 'binary2']) {
      for (const name of [form, `${form}-gz`]) {
        const found = await readCatalogue(own, name, needs, expect.unreachable)
        expect(Object.fromEntries(found!.columns), name).toEqual({
          // BINARY has no null of a flag that astropy writes
          flag: [true, false, form === 'binary' ? expect.anything() : null],
          byte: [0, 255, null],
          short: [-7, null, 9],
          int: [-70_000, null, 9],
          long: [4_611_686_018_427_387_905n, -1n, null],
          mag: [12.25, null, null],
          type: ['EA', 'é', null],
          words: ['a', 'longer', 'x']
        })
        expect(found!.index.nearest(359.999, 89.5, 1).at).toBe(2)
      }
    }
  },
  INSTALL_MS
)
