import { spawn } from 'node:child_process'
import { cpSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DuckDBInstance } from '@duckdb/node-api'
import { beforeAll, describe, expect, it } from 'vitest'
import { readFirstLong } from '../../../engine/avro/container.ts'
import { simulate } from '../../../simulator/index.ts'
import { openStore } from '../../../engine/store/open-store.ts'
import { closeAll, verdictOf } from '../../support/closing.ts'
import { siskin, temporaryFolder } from '../../support/siskin.ts'
import type { Outcome } from '../../support/siskin.ts'

const PROGRAM = fileURLToPath(new URL('../../../jobs/siskin.js', import.meta.url))

interface Line {
  readonly topic: string
  readonly alert_id: string
  readonly object_id: string
  readonly mjd: number
  readonly cutout_science?: string
}

describe('a subscriber of the topics of a lake', () => {
  const folder = temporaryFolder()
  const lake = join(folder, 'lake')
  const env = { XDG_STATE_HOME: join(folder, 'state') }
  let ids: string[]

  beforeAll(async () => {
    for (const start of ['2026-01-12', '2026-01-13']) {
      const archive = join(folder, `${start}.tar`)
      const inject = { kilonova: 10 }
      await simulate({ out: archive, survey: 'ztf', start, scale: 0.002, seed: 5, inject })
      const { code, stderr } = await siskin([
        'run',
        archive,
        '--lake',
        lake,
        '--part-packets',
        '60'
      ])
      expect(code, stderr).toBe(0)
    }
    ids = idsOf((await subscribe('all', 'fast-riser', '--json')).stdout)
    expect(ids.length).toBeGreaterThan(4)
  })

  function subscribe(group: string, ...args: readonly string[]): Promise<Outcome> {
    return siskin(['subscribe', ...args, '--lake', lake, '--group', group], env)
  }

  function linesOf(stdout: string): Line[] {
    const lines = stdout.split('\n').filter((line) => line !== '')
    return lines.map((line) => JSON.parse(line) as Line)
  }

  function idsOf(stdout: string): string[] {
    return linesOf(stdout)
      .map(({ alert_id: id }) => id)
      .sort()
  }

  it('reads each alert once, also when it stops within a file', async () => {
    const seen: string[] = []
    for (const limit of ['1', '2', '1', '1000']) {
      const { stdout } = await subscribe('one', 'fast-riser', '--json', '--limit', limit)
      seen.push(...idsOf(stdout))
      if (limit !== '1000') expect(idsOf(stdout)).toHaveLength(Number(limit))
    }
    expect(seen.sort()).toEqual(ids)
    const { stdout, stderr } = await subscribe('one', 'fast-riser', '--json')
    expect(stdout).toBe('')
    expect(stderr).toContain('0 alerts')
  })

  it('goes on where it was when the nights are closed, within a file too, and reads nothing twice', async () => {
    const closed = join(folder, 'closed')
    cpSync(lake, closed, { recursive: true })
    const read = async (...args: readonly string[]) => {
      const all = [
        'subscribe',
        'fast-riser',
        '--json',
        '--group',
        'closed',
        '--lake',
        closed,
        ...args
      ]
      return idsOf((await siskin(all, env)).stdout)
    }
    const seen = [...(await read('--limit', '1')), ...(await read('--limit', '2'))]
    expect(seen).toHaveLength(3)
    await closeAll(openStore(closed))
    expect(readdirSync(join(closed, 'topics/fast-riser/night=20260112'))).toHaveLength(1)
    seen.push(...(await read('--limit', '1')), ...(await read()))
    expect(seen.sort()).toEqual(ids)
    expect(await read()).toEqual([])
    const lag = await siskin(
      ['subscribe', 'fast-riser', '--lag', '--group', 'closed', '--lake', closed],
      env
    )
    expect(lag.stdout).toMatch(/fast-riser/)
    expect(lag.stdout).not.toMatch(/ [1-9]\d* *$/m)
    expect((await verdictOf(openStore(closed))).differences).toEqual([])
  })

  it('reads again from the beginning, from a time, or nothing that is there by now', async () => {
    const all = await subscribe('from', 'fast-riser', '--json')
    const lines = linesOf(all.stdout).sort((a, b) => a.mjd - b.mjd)
    const middle = lines[Math.floor(lines.length / 2)]!
    const time = new Date((middle.mjd - 40_587) * 86_400_000 - 1).toISOString()
    const young = await subscribe('from', 'fast-riser', '--json', '--from', time)
    const expected = lines.filter(({ mjd }) => mjd >= middle.mjd).map(({ alert_id: id }) => id)
    expect(idsOf(young.stdout)).toEqual(expected.sort())
    expect((await subscribe('from', 'fast-riser', '--json')).stdout).toBe('')
    const again = await subscribe('from', 'fast-riser', '--json', '--from', 'earliest')
    expect(idsOf(again.stdout)).toEqual(ids)
    expect((await subscribe('late', 'fast-riser', '--json', '--from', 'latest')).stdout).toBe('')
    expect((await subscribe('late', 'fast-riser', '--json')).stdout).toBe('')
  })

  it('says how far behind a group is', async () => {
    await subscribe('lag', 'fast-riser', '--limit', '2')
    const { stdout } = await subscribe('lag', 'fast-riser', '--lag', '--json')
    const rows = JSON.parse(stdout) as { position: number; end: number; lag: number }[]
    const sum = (of: 'position' | 'end' | 'lag') => rows.reduce((all, row) => all + row[of], 0)
    expect([sum('position'), sum('end'), sum('lag')]).toEqual([2, ids.length, ids.length - 2])
    const text = await subscribe('lag', 'fast-riser', '--lag')
    expect(text.stdout).toMatch(/group lag: \d+ behind\n +topic +night +position +end +lag/)
  })

  it('saves typed Parquet and the messages as they came', async () => {
    const [parquet, avro] = [join(folder, 'out.parquet'), join(folder, 'out.avro')]
    await subscribe('parquet', 'fast-riser', 'new-source', '--save', parquet)
    await subscribe('avro', 'fast-riser', '--save', avro)
    expect(readFirstLong(readFileSync(avro)).map(String).sort()).toEqual(ids)
    const connection = await (await DuckDBInstance.create()).connect()
    const query = `SELECT typeof(alert_id), typeof(rate.mag_rate), typeof(light_curve), count(*) FROM '${parquet}' GROUP BY ALL`
    const rows = (await connection.runAndReadAll(query)).getRows()
    expect(rows).toHaveLength(1)
    expect(rows[0]!.slice(0, 2)).toEqual(['BIGINT', 'DOUBLE'])
    expect(rows[0]![2]).toMatch(/^STRUCT\(mjd DOUBLE, band VARCHAR.*\)\[\]$/)
    const nulls = `SELECT count(*) FROM '${parquet}' WHERE lsst IS NULL AND ztf IS NOT NULL`
    expect((await connection.runAndReadAll(nulls)).getRows()[0]![0]).toBe(rows[0]![3])
    const same = `SELECT object_id, mjd, light_curve[-1].mjd FROM '${parquet}'`
    for (const [, mjd, last] of (await connection.runAndReadAll(same)).getRows()) {
      expect(last).toBe(mjd)
    }
  })

  it('keeps stamps when asked', async () => {
    const { stdout } = await subscribe('stamps', 'fast-riser', '--json', '--stamps', '--limit', '1')
    const [line] = linesOf(stdout)
    expect(Buffer.from(line!.cutout_science!, 'base64').subarray(0, 2).toString('hex')).toBe('1f8b')
    expect(line!.alert_id).toMatch(/^\d+$/)
  })

  it('waits for what is new', async () => {
    const copy = join(folder, 'growing')
    cpSync(lake, copy, { recursive: true })
    renameSync(join(copy, 'topics/fast-riser'), join(copy, 'topics/.fast-riser'))
    const args = ['subscribe', 'fast-riser', '--lake', copy, '--json', '--follow']
    const limit = ['--limit', String(ids.length)]
    const child = spawn(process.execPath, [PROGRAM, ...args, ...limit], {
      env: { ...process.env, ...env }
    })
    let stdout = ''
    child.stdout.on('data', (text: Buffer) => (stdout += text.toString()))
    const ended = new Promise((resolve) => child.once('exit', resolve))
    renameSync(join(copy, 'topics/.fast-riser'), join(copy, 'topics/fast-riser'))
    expect(await ended).toBe(0)
    expect(idsOf(stdout)).toEqual(ids)
  })

  it('says which topics there are', async () => {
    const { code, stderr } = await subscribe('none', 'fast-rise')
    expect(code).toBe(2)
    expect(stderr).toContain(
      `no topic "fast-rise" in the lake ${lake} (fast-riser?); there are: fast-fader, fast-r`
    )
    for (const near of ['fast_riser', 'siskin-fast-riser', 'FastRiser']) {
      const meant = await subscribe('none', near)
      expect([meant.code, meant.stderr]).toEqual([2, expect.stringContaining(' (fast-riser?)')])
    }
    const nowhere = await siskin(['subscribe', 'fast-riser', '--lake', join(folder, 'no')], env)
    expect([nowhere.code, nowhere.stderr]).toEqual([2, expect.stringContaining('holds no lake')])
  })

  it('lists the topics, where none is named', async () => {
    const { code, stdout } = await siskin(['subscribe', '--lake', lake], env)
    expect(code).toBe(0)
    expect(stdout.trim().split('\n')).toEqual([
      'fast-fader',
      'fast-riser',
      'large-amplitude',
      'new-source',
      'solar-system-candidate',
      'solar-system-known'
    ])
  })

  it('names the topic of each alert where several are read', async () => {
    const args = ['fast-riser', 'new-source', '--fields', 'topic,alert_id', '--limit', '1000']
    const { stdout } = await subscribe('topics', ...args)
    const [head, ...rows] = stdout.trim().split('\n')
    expect(head).toMatch(/^topic +alert_id$/)
    const topics = new Set(rows.map((row) => row.split(' ')[0]))
    expect(topics).toEqual(new Set(['fast-riser', 'new-source']))
    const plain = await subscribe('topics2', 'fast-riser', 'new-source', '--limit', '1')
    expect(plain.stdout).toMatch(/^topic +object_id/)
    const one = await subscribe('topics3', 'fast-riser', '--limit', '1')
    expect(one.stdout).toMatch(/^object_id/)
  })

  it('passes over what is foreign or damaged, names it, and reads it once it is mended', async () => {
    const copy = join(folder, 'damaged')
    cpSync(lake, copy, { recursive: true })
    const files = readdirSync(join(copy, 'topics/fast-riser'), {
      recursive: true,
      encoding: 'utf8'
    })
    const [name = ''] = files.filter((file) => file.endsWith('.avro'))
    const path = join(copy, 'topics/fast-riser', name)
    const whole = readFileSync(path)
    writeFileSync(path, whole.subarray(0, whole.length - 40))
    writeFileSync(join(path, '../a-note.avro'), 'this is no topic file')
    const args = ['subscribe', 'fast-riser', '--lake', copy, '--group', 'damaged', '--json']
    const first = await siskin(args, env)
    expect(first.code).toBe(1)
    expect(first.stderr).toMatch(/a-note\.avro is passed over: .*no topic file of Siskin’s/)
    expect(first.stderr).toMatch(/ from message \d+ on is passed over: .*the rest is damaged/)
    expect(first.stderr).toContain('2 messages passed over')
    expect(idsOf(first.stdout).length).toBeLessThan(ids.length)
    writeFileSync(path, whole)
    rmSync(join(path, '../a-note.avro'))
    const rest = await siskin(args, env)
    expect(rest.code, rest.stderr).toBe(0)
    expect([...idsOf(first.stdout), ...idsOf(rest.stdout)].sort()).toEqual(ids)
  })

  it('says where the alerts of a lake are that a stream fills', async () => {
    const copy = join(folder, 'streamed')
    cpSync(lake, copy, { recursive: true })
    rmSync(join(copy, 'topics'), { recursive: true })
    const ledger = join(copy, '_siskin/ledger')
    const account = { messages: 1, missing: 0, begins: true, generation: 1, fink: false }
    const stream = { ...account, prefix: 'out-' }
    for (const name of readdirSync(ledger, { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.json')) continue
      const record = JSON.parse(readFileSync(join(ledger, name), 'utf8')) as object
      writeFileSync(join(ledger, name), JSON.stringify({ ...record, files: [], stream }))
    }
    const args = ['subscribe', 'fast-riser', '--lake', copy]
    for (const more of [[], ['--lag']]) {
      const { code, stdout, stderr } = await siskin([...args, ...more], env)
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
      expect(stderr).toContain(
        `is filled by a stream, which puts what it selects into Kafka and not into files: ${ids.length} alerts of fast-riser so far; read them with siskin subscribe fast-riser --brokers host:port --out-prefix out-\n`
      )
    }
  })
})
