import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DuckDBInstance } from '@duckdb/node-api'
import { describe, expect, it } from 'vitest'
import { INSTALL_MS, pythonFor, runPython } from '../support/python.ts'
import { ask } from '../support/ask.ts'
import { siskin, startSiskin, temporaryFolder } from '../support/siskin.ts'

const PROGRAM = fileURLToPath(new URL('../../jobs/siskin.js', import.meta.url))
const folder = temporaryFolder()

interface Account {
  received: number
  alerts: number
  quarantined: Record<string, number>
  duplicates: number
}

interface Simulated {
  packets: number
  corrupted: number
  duplicates: number
  archives: string[]
  truths: string[]
}

/** Packets of the truth by kind, and how many alert ids of each kind the lake holds. */
async function landed(truths: string[], lake: string): Promise<Record<string, [number, number]>> {
  const instance = await DuckDBInstance.create(':memory:')
  const db = await instance.connect()
  const files = truths.map((file) => `'${file}'`).join(', ')
  const reader = await db.runAndReadAll(
    `WITH lake AS (SELECT DISTINCT alert_id FROM read_parquet('${lake}/*/alerts/**/*.parquet'))
     SELECT packet_kind kind, count(*)::INT n, count(lake.alert_id)::INT there
     FROM read_parquet([${files}]) LEFT JOIN lake USING (alert_id) GROUP BY ALL`
  )
  db.closeSync()
  const rows = reader.getRowObjectsJS() as { kind: string; n: number; there: number }[]
  return Object.fromEntries(rows.map(({ kind, n, there }) => [kind, [n, there]]))
}

describe('siskin simulate', () => {
  it.each(['ztf', 'lsst'])(
    'a night of %s with damage, copies, latecomers and a schema change: all accounted for, exactly',
    async (survey) => {
      const out = join(folder, `${survey}.tar.gz`)
      const scale = survey === 'ztf' ? '0.01' : '0.00008'
      const flags = [
        '--corrupt',
        '0.02',
        '--duplicates',
        '0.02',
        '--late',
        '0.02',
        '--schema-change'
      ]
      const night = ['--survey', survey, '--start', '2026-01-12', '--seed', '11', '--scale', scale]
      const made = await siskin(['simulate', ...night, ...flags, '--out', out, '--json'])
      expect(made.code, made.stderr).toBe(0)
      const simulated = JSON.parse(made.stdout) as Simulated
      expect(simulated.corrupted).toBeGreaterThan(3)
      expect(simulated.duplicates).toBeGreaterThan(3)

      const lake = join(folder, `${survey}-lake`)
      const schemas = survey === 'lsst' ? ['--schemas', join(folder, 'schemas')] : []
      const ran = await siskin(['run', out, '--lake', lake, ...schemas, '--json'])
      expect(ran.code, ran.stderr).toBe(0)
      const account = JSON.parse(ran.stdout) as Account
      const quarantined = Object.values(account.quarantined).reduce((sum, n) => sum + n, 0)
      expect(account.received).toBe(simulated.packets)
      expect(quarantined).toBe(simulated.corrupted)
      expect(account.duplicates).toBe(simulated.duplicates)
      expect(account.alerts).toBe(simulated.packets - simulated.corrupted - simulated.duplicates)

      const kinds = await landed(simulated.truths, lake)
      expect(kinds['good']![1]).toBe(kinds['good']![0])
      expect(kinds['late']![1]).toBe(kinds['late']![0])
      expect(kinds['corrupt']![1]).toBe(0)

      const verdict = await ask(['verify', '--lake', lake, '--deep', '--json'])
      expect(JSON.parse(verdict.stdout)).toMatchObject({ ok: true, copies: 0 })
      const truth = await siskin([
        'truth',
        '--lake',
        lake,
        '--truth',
        ...simulated.truths,
        '--json'
      ])
      const report = JSON.parse(truth.stdout) as {
        classes: { landed: number }[]
        missing: number
        unknown: number
      }
      expect(report).toMatchObject({ missing: 0, unknown: 0 })
      expect(report.classes.reduce((sum, row) => sum + row.landed, 0)).toBe(account.alerts)
    }
  )

  it(
    'archives that an independent Avro reader reads, no packet over 1 MB',
    { timeout: INSTALL_MS },
    async (context) => {
      const python = await pythonFor(context)
      const ztf = join(folder, 'clean.tar')
      const lsst = join(folder, 'clean-lsst.tar')
      const night = ['--start', '2026-01-12', '--seed', '2']
      await siskin(['simulate', '--survey', 'ztf', ...night, '--scale', '0.003', '--out', ztf])
      await siskin(['simulate', '--survey', 'lsst', ...night, '--scale', '0.00002', '--out', lsst])
      const script = `
import fastavro, io, json, struct, sys, tarfile
ztf, lsst, schemas = sys.argv[1:]
counts = {'ztf': 0, 'lsst': 0}; largest = 0
for m in (t := tarfile.open(ztf)):
    data = t.extractfile(m).read(); largest = max(largest, len(data))
    for r in fastavro.reader(io.BytesIO(data)):
        assert m.name == str(r['candid']) + '.avro', m.name
        counts['ztf'] += 1
parsed = {}
for m in (t := tarfile.open(lsst)):
    data = t.extractfile(m).read(); largest = max(largest, len(data))
    magic, sid = struct.unpack('>bI', data[:5])
    assert magic == 0
    if sid not in parsed:
        parsed[sid] = fastavro.parse_schema(json.load(open(f'{schemas}/{sid}.avsc')))
    r = fastavro.schemaless_reader(io.BytesIO(data[5:]), parsed[sid], None)
    assert m.name == str(r['diaSourceId']) + '.avro', m.name
    counts['lsst'] += 1
print(json.dumps([counts['ztf'], counts['lsst'], largest]))`
      const schemas = join(folder, 'schemas')
      const { code, stdout, stderr } = await runPython(python, ['-c', script, ztf, lsst, schemas])
      expect(code, stderr).toBe(0)
      const [ofZtf, ofLsst, largest] = JSON.parse(stdout) as [number, number, number]
      expect(ofZtf).toBeGreaterThan(50)
      expect(ofLsst).toBeGreaterThan(50)
      expect(largest).toBeLessThan(1_000_000)
    }
  )

  it.each([
    [['--start', '2026-02-30'], 'a date that exists'],
    [['--corrupt', '-0.1'], 'from 0 to 1'],
    [['--scale', '-1'], 'above 0'],
    [['--survey', 'lsst', '--scale', '10'], 'free'],
    [['--inject', 'supernova:3'], 'sn_ia'],
    [['--nights', '0'], 'whole number'],
    [['--survey', 'atlas'], 'ztf, lsst'],
    [['--stamps', 'some'], 'none, shared, full']
  ])('wrong use %j: says what is valid, exit code 2', async (flags, says) => {
    const out = join(folder, 'never.tar.gz')
    const outcome = await siskin(['simulate', ...flags, '--out', out])
    expect(outcome.code, outcome.stderr).toBe(2)
    expect(outcome.stderr).toContain(says)
    expect(outcome.stderr).not.toContain('unexpected')
    expect(existsSync(out)).toBe(false)
  })

  it('told to stop: at once, in one sentence, with exit code 130 and no half archive', async () => {
    const own = join(folder, 'stopped')
    const args = ['simulate', '--scale', '0.2', '--members', '2', '--out', join(own, 'night.tar')]
    const child = spawn(process.execPath, [PROGRAM, ...args])
    let said = ''
    child.stderr.on('data', (text: Buffer) => (said += text.toString()))
    while ((!existsSync(own) || readdirSync(own).length === 0) && child.exitCode === null) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    child.kill('SIGINT')
    const code = await new Promise((resolve) => child.once('exit', resolve))
    expect(said).toBe('siskin: told to stop: the night in work is not written\n')
    expect([code, readdirSync(own)]).toEqual([130, []])
  })

  it('killed half-way: no half archive under its final name', async () => {
    const out = join(folder, 'killed', 'night.tar.gz')
    const args = ['simulate', '--start', '2026-01-12', '--scale', '0.2', '--out', out]
    const { child, ended } = startSiskin(args)
    const begun = () =>
      existsSync(join(folder, 'killed')) && readdirSync(join(folder, 'killed')).length > 0
    while (!begun() && child.exitCode === null) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    child.kill('SIGKILL')
    await ended
    expect(existsSync(out)).toBe(false)
  })
})
