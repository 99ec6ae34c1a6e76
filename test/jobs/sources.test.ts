import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, it } from 'vitest'
import { simulate } from '../../simulator/index.ts'
import { readArchive } from '../../simulator/read-archive.ts'
import { ask } from '../support/ask.ts'
import { siskin, temporaryFolder } from '../support/siskin.ts'

const folder = temporaryFolder()
const ztf = join(folder, 'ztf.tar.gz')

function accountOf(stdout: string): Record<string, unknown> {
  return JSON.parse(stdout) as Record<string, unknown>
}

beforeAll(async () => {
  await simulate({ start: '2026-01-12', seed: 4, survey: 'ztf', out: ztf, scale: 0.001 })
})

describe('a source', () => {
  it('two files of one name in two folders are two nights', async () => {
    const own = join(folder, 'same-name')
    const [first, second] = readArchive(ztf)
    for (const [day, packet] of [
      ['monday', first!],
      ['tuesday', second!]
    ] as const) {
      mkdirSync(join(folder, day))
      writeFileSync(join(folder, day, 'alerts.avro'), packet.bytes)
      const outcome = await siskin([
        'run',
        join(folder, day, 'alerts.avro'),
        '--lake',
        own,
        '--json'
      ])
      expect(accountOf(outcome.stdout)).toMatchObject({ received: 1, alerts: 1, before: 0 })
    }
    const verdict = await ask(['verify', '--lake', own, '--deep', '--json'])
    expect(accountOf(verdict.stdout)).toMatchObject({ ok: true, alerts: 2 })
  })

  it('a copied archive is nothing new, and is named', async () => {
    const copy = join(folder, 'a copy.tar.gz')
    const lake = join(folder, 'copied')
    expect((await siskin(['run', ztf, '--lake', lake])).code).toBe(0)
    copyFileSync(ztf, copy)
    const outcome = await siskin(['run', copy, '--lake', lake])
    expect(outcome.code, outcome.stderr).toBe(0)
    expect(outcome.stdout).toContain('nothing new')
    expect(outcome.stderr).toContain(`has the content of ${ztf}, known as source ztf-`)
  })

  it('a folder whose files changed: refused with file and positions, until --replace', async () => {
    const own = join(folder, 'replaced')
    const night = join(folder, '(night) \u03b1')
    mkdirSync(night)
    const some = readArchive(ztf).slice(0, 3)
    const put = (name: string, i: number) => writeFileSync(join(night, name), some[i]!.bytes)
    put('a.avro', 0)
    put('b.avro', 1)
    expect((await siskin(['run', night, '--lake', own])).code).toBe(0)
    put('a.avro', 2)
    const refused = await siskin(['run', night, '--lake', own])
    expect(refused.code).toBe(1)
    expect(refused.stdout).toBe('')
    expect(refused.stderr).toMatch(/a\.avro \(position 0\) has other content\. With --replace/)
    const replaced = await siskin(['run', night, '--lake', own, '--replace', '--json'])
    expect(accountOf(replaced.stdout)).toMatchObject({ received: 1, alerts: 1 })
    expect(replaced.stderr).toContain('1 of 2 files')
    expect(replaced.stderr).toContain('begins anew as source night')
    const parts = readdirSync(own, { recursive: true, encoding: 'utf8' })
    expect(parts.filter((path) => /[^A-Za-z0-9._/=-]/.test(path))).toEqual([])
    const verdict = await ask(['verify', '--lake', own, '--json'])
    expect(accountOf(verdict.stdout)).toMatchObject({ ok: true, alerts: 3, copies: 0 })
  })

  it('a night without observations makes a lake that verifies', async () => {
    const empty = join(folder, 'empty.tar.gz')
    const own = join(folder, 'lake-of-an-empty-night')
    writeFileSync(empty, gzipSync(Buffer.alloc(10_240)))
    const outcome = await siskin(['run', empty, '--lake', own, '--json'])
    expect(outcome.code, outcome.stderr).toBe(0)
    expect(accountOf(outcome.stdout)).toMatchObject({ received: 0 })
    const verdict = await ask(['verify', '--lake', own, '--json'])
    expect(verdict.code, verdict.stderr).toBe(0)
    expect(accountOf(verdict.stdout)).toMatchObject({ ok: true, received: 0 })
  })

  it('a folder without any file: one sentence, exit code 1', async () => {
    const nothing = join(folder, 'nothing')
    mkdirSync(nothing)
    const outcome = await siskin(['run', nothing, '--lake', join(folder, 'lake-of-nothing')])
    expect([outcome.code, outcome.stderr]).toEqual([1, `siskin: no packet files in "${nothing}"\n`])
  })

  it('how many packets a source has is kept, and how many files were skipped is said', async () => {
    const own = join(folder, 'counted')
    const night = join(folder, 'counted-night')
    mkdirSync(night)
    const [one] = readArchive(ztf)
    writeFileSync(join(night, 'a.avro.gz'), gzipSync(one!.bytes))
    for (const name of ['README', 'a.fits', 'b.fits', 'c.fits'])
      writeFileSync(join(night, name), '')
    const outcome = await siskin(['run', night, '--lake', own, '--json'])
    expect(accountOf(outcome.stdout)).toMatchObject({ alerts: 1, skipped: 4 })
    expect(outcome.stderr).toBe(
      'siskin: 4 files skipped: README, a.fits, b.fits, … (no packet files)\n'
    )
    const [record] = readdirSync(join(own, '_siskin/sources'))
    expect(record).toMatch(/^counted-night-[0-9a-f]{12}\.json$/)
    const kept: unknown = JSON.parse(readFileSync(join(own, '_siskin/sources', record!), 'utf8'))
    expect(kept).toMatchObject({
      kind: 'folder',
      path: night,
      count: 1,
      files: [{ name: 'a.avro.gz', packets: 1 }]
    })
  })

  it('of which nothing decodes: exit code 1, and it says so', async () => {
    const garbage = join(folder, 'garbage.avro')
    writeFileSync(garbage, 'this is no packet')
    const outcome = await siskin(['run', garbage, '--lake', join(folder, 'garbage')])
    expect(outcome.code).toBe(1)
    expect(outcome.stderr).toContain('none of 1 packet could be decoded (not-avro 1)')
  })

  it('that cannot be read: one sentence', async () => {
    const pipe = join(folder, 'pipe.avro')
    spawnSync('mkfifo', [pipe])
    symlinkSync(join(folder, 'round.avro'), join(folder, 'round.avro'))
    for (const [name, code] of [
      ['pipe.avro', 2],
      ['round.avro', 1]
    ] as const) {
      const outcome = await siskin(['run', join(folder, name), '--lake', join(folder, 'unread')])
      expect(outcome.code).toBe(code)
      expect(outcome.stderr).toMatch(/^siskin: source ".*" (is neither|cannot be read).*\n$/)
    }
  })
})

/** Right values of small inputs; the data lies beside the project. */
const CASES = fileURLToPath(new URL('../../../shared/data/cases/', import.meta.url))
const hasCases = existsSync(CASES)
if (!hasCases) console.log(`skipped: small inputs of known values, no ${CASES}`)

describe.skipIf(!hasCases)('small inputs of known values', () => {
  it.each([
    ['c17-gzip/empty-night.tar.gz', 0, 0],
    ['c17-gzip/members.tar.gz', 3, 3],
    ['c17-gzip/padded.tar.gz', 3, 3],
    ['c17-gzip/pax.tar', 1, 1],
    ['c31-packed-packets/night.tar.gz', 3, 1], // one alert, three times
    ['c31-packed-packets/folder', 6, 6]
  ])('%s: %i packets, %i alerts', async (path, received, alerts) => {
    const own = join(folder, path.replaceAll('/', '_'))
    const outcome = await siskin(['run', join(CASES, path), '--lake', own, '--json'])
    expect(outcome.code, outcome.stderr).toBe(0)
    expect(accountOf(outcome.stdout)).toMatchObject({ received, alerts, quarantined: {} })
    expect((await ask(['verify', '--lake', own])).code).toBe(0)
  })

  it('c27: two files of one name', async () => {
    const own = join(folder, 'c27')
    for (const day of ['monday', 'tuesday']) {
      const path = join(CASES, 'c27-same-name', day, 'alerts.avro')
      expect((await siskin(['run', path, '--lake', own])).code).toBe(0)
    }
    const verdict = await ask(['verify', '--lake', own, '--json'])
    expect(accountOf(verdict.stdout)).toMatchObject({ ok: true, alerts: 6 })
  })

  it('c28: a file of a folder that is replaced', async () => {
    const own = join(folder, 'c28')
    const night = join(folder, 'c28-night')
    mkdirSync(night)
    const put = (from: string, to: string) =>
      writeFileSync(join(night, to), readFileSync(join(CASES, 'c28-replaced', from)))
    put('a-first.avro', 'a.avro')
    put('b.avro', 'b.avro')
    expect((await siskin(['run', night, '--lake', own])).code).toBe(0)
    put('a-second.avro', 'a.avro')
    const refused = await siskin(['run', night, '--lake', own])
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('a.avro (positions 0 to 4) has other content')
    expect((await siskin(['run', night, '--lake', own, '--replace'])).code).toBe(0)
    const verdict = await ask(['verify', '--lake', own, '--json'])
    expect(accountOf(verdict.stdout)).toMatchObject({ ok: true, alerts: 12, copies: 0 })
  })
})
