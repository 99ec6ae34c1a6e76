import { cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { PartRecord } from '../../engine/lake/ledger.ts'
import type { Outcome } from '../../engine/repair/repair.ts'
import type { LakeVerdict } from '../../jobs/verify/text.ts'
import { ask } from '../support/ask.ts'
import { killAt } from '../support/kill.ts'
import { fingerprint, siskin, temporaryFolder } from '../support/siskin.ts'
import { damage, filesIn, nightOf, recordsIn, runInto, verdictOf } from './support.ts'

const FEWER = ['--modules', 'quality,detections,solar_system', '--filters', 'solar_system_known']
const folder = temporaryFolder()
const whole = join(folder, 'whole')
let archive = ''
let records: PartRecord[] = []

beforeAll(async () => {
  archive = await nightOf(folder)
  await runInto(whole, archive)
  records = recordsIn(whole)
})

function copyOf(name: string): string {
  const copy = join(folder, name)
  cpSync(whole, copy, { recursive: true })
  return copy
}

interface Repaired {
  readonly outcomes: readonly Outcome[]
  readonly verdict: LakeVerdict
}

async function repairOf(lake: string, ...more: string[]): Promise<Repaired> {
  const args = ['repair', '--lake', lake, '--deep', '--yes', '--json', ...more]
  const { stdout, stderr } = await ask(args)
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout) as Repaired
}

const pathOf = (record: PartRecord, kind: string) =>
  record.files.find((file) => file.kind === kind)!.path

/** Parts with files of every kind. */
const full = () => records.filter(({ files }) => new Set(files.map(({ kind }) => kind)).size === 4)

/** As when an archive is no more where it was: the lake remembers the place of each. */
function forgetPlaces(lake: string): void {
  rmSync(join(lake, '_siskin/sources'), { recursive: true })
}

describe('repair', () => {
  it('mends nothing where nothing is wrong', async () => {
    const { outcomes, verdict } = await repairOf(copyOf('fine'))
    expect(outcomes).toEqual([])
    expect(verdict.ok).toBe(true)
  })

  it('says what it would do, and does nothing without a yes', async () => {
    const lake = copyOf('asked')
    const [record] = full()
    rmSync(join(lake, pathOf(record!, 'alerts')))
    const before = fingerprint(lake)
    const { code, stdout, stderr } = await siskin(['repair', '--lake', lake, '--source', folder])
    expect(code).toBe(1)
    expect(stderr).toContain(`--source ${folder} was not needed`)
    expect(stdout).toContain(`1. ${pathOf(record!, 'alerts')} is missing`)
    expect(stdout).toContain('is made again from the packets that the lake keeps')
    expect(stdout).toContain('nothing of it was done: say --yes')
    expect(fingerprint(lake)).toEqual(before)
  })

  it('makes files again from the packets: byte for byte what they were', async () => {
    const lake = copyOf('files')
    const [one, two] = full()
    rmSync(join(lake, pathOf(one!, 'alerts')))
    damage(lake, pathOf(one!, 'topic'), 0.5, 0.51)
    damage(lake, pathOf(two!, 'alerts'), 0, 4)
    const { outcomes, verdict } = await repairOf(lake)
    expect(outcomes.map(({ done }) => String(done)).sort()).toEqual([
      '1 file is back as it was',
      '2 files are back as they were'
    ])
    expect(verdict).toMatchObject({ ok: true, differences: [] })
    expect(fingerprint(lake)).toEqual(fingerprint(whole))
  })

  it('makes parts again from the archive where their packets or their quarantine are damaged', async () => {
    const lake = copyOf('packets')
    const [one, two] = full()
    damage(lake, pathOf(one!, 'packets'), 0.5, 0.51)
    rmSync(join(lake, pathOf(two!, 'quarantine')))
    forgetPlaces(lake)
    const alone = await repairOf(lake)
    expect(alone.verdict.ok).toBe(false)
    const [forgotten, ...others] = alone.outcomes.toSorted((a, b) => (a.what < b.what ? -1 : 1))
    expect(forgotten!.done).toBe('that it is in the lake is kept')
    expect(others).toHaveLength(2)
    for (const { done, why } of others) {
      expect(done).toBeNull()
      expect(why).toContain('the archive of night5-')
    }
    const { verdict } = await repairOf(lake, '--source', archive)
    expect(verdict).toMatchObject({ ok: true, differences: [], notes: [] })
    expect(fingerprint(lake)).toEqual(fingerprint(whole))
  })

  it('makes a part anew where the modules of now make other files of it', async () => {
    const lake = copyOf('anew')
    const [one] = full()
    rmSync(join(lake, pathOf(one!, 'alerts')))
    const { outcomes, verdict } = await repairOf(lake, ...FEWER)
    expect(outcomes.map(({ done }) => done)).toContain('it is made anew, with the modules of now')
    expect(verdict).toMatchObject({
      ok: true,
      received: verdict.alerts + verdict.duplicates + sum(verdict.quarantined)
    })
    const made = recordsIn(lake).find(({ first }) => first === one!.first)!
    expect(Object.keys(made.modules).sort()).toEqual(['detections', 'quality', 'solar_system'])
    expect([made.received, made.quarantined]).toEqual([one!.received, one!.quarantined])
  })

  it('fills gaps from the archive, also where the record cannot be read; foreign files go aside', async () => {
    const lake = copyOf('gaps')
    const paths = filesIn(lake, '_siskin/ledger')
    rmSync(join(lake, paths[1]!))
    writeFileSync(join(lake, paths[3]!), '{"half')
    const stray = `${dirname(pathOf(records[0]!, 'alerts'))}/stray.parquet`
    writeFileSync(join(lake, stray), 'x')
    const { verdict } = await repairOf(lake, '--source', archive)
    const before = await verdictOf(whole)
    expect(verdict).toMatchObject({
      ok: true,
      received: before.received,
      alerts: before.alerts - before.revisions + verdict.revisions,
      copies: 0
    })
    const aside = filesIn(lake, '_siskin/foreign').map((path) => path.split('/').slice(3).join('/'))
    const moved = [1, 3].flatMap((i) => records[i]!.files.map(({ path }) => path))
    expect(aside.toSorted()).toEqual([...moved, paths[3]!, stray].sort())
  })

  it('removes what is left over, and nothing of a run that is at work', async () => {
    const lake = copyOf('left')
    const { source } = records[0]!
    const staged = `_siskin/staging/${source}/run1.over/7/0000000000-0000000049`
    mkdirSync(join(lake, staged), { recursive: true })
    writeFileSync(join(lake, staged, 'x'), 'x')
    mkdirSync(join(lake, 'ztf/alerts/night=20200101/void-000000'), { recursive: true })
    writeFileSync(join(lake, '_siskin/owners/x.json.writing-0123456789ab'), '')
    const { verdict } = await repairOf(lake)
    expect(verdict).toMatchObject({ ok: true, notes: [] })
    expect(filesIn(lake, '_siskin').filter((path) => /staging|writing/.test(path))).toEqual([])
    mkdirSync(join(lake, staged), { recursive: true })
    writeFileSync(join(lake, staged, 'x'), 'x')
    const now = new Date().toISOString()
    const holder = {
      pid: process.pid,
      host: 'elsewhere',
      since: now,
      command: 'x',
      birth: '',
      beat: now
    }
    const claim = join(lake, '_siskin/owners/runs', source, '9.json')
    writeFileSync(claim, JSON.stringify(holder))
    await repairOf(lake)
    expect(filesIn(lake, '_siskin/staging')).toEqual([`${staged}/x`])
  })

  it.each(['staging:2', 'staged', 'placing', 'placed', 'done'])(
    'killed at %s while a file is put back: no worse, and the next one finishes',
    async (crash) => {
      const lake = copyOf(`killed-${crash.replace(':', '')}`)
      const [one] = full()
      rmSync(join(lake, pathOf(one!, 'alerts')))
      damage(lake, pathOf(one!, 'topic'), 0.5, 0.51)
      const args = ['repair', '--lake', lake, '--deep', '--yes']
      await killAt(crash, args)
      const between = await verdictOf(lake, '--deep')
      expect(between.differences.length).toBeLessThanOrEqual(2)
      expect((await repairOf(lake)).verdict).toMatchObject({ ok: true, notes: [] })
      expect(fingerprint(lake)).toEqual(fingerprint(whole))
    }
  )

  it.each(['staging:3', 'staged', 'committed', 'placing:2', 'placed', 'done'])(
    'killed at %s while a part is replaced and a gap filled: the next one finishes',
    async (crash) => {
      const lake = copyOf(`anew-${crash.replace(':', '')}`)
      const [one] = full()
      rmSync(join(lake, pathOf(one!, 'alerts')))
      rmSync(join(lake, filesIn(lake, '_siskin/ledger')[2]!))
      const own = [...FEWER, '--source', archive]
      const args = ['repair', '--lake', lake, '--yes', ...own]
      await killAt(crash, args)
      const { verdict } = await repairOf(lake, ...own)
      const { received, alerts } = await verdictOf(whole)
      expect(verdict).toMatchObject({ ok: true, notes: [], received, alerts, copies: 0 })
      expect(filesIn(lake, '_siskin').filter((path) => path.startsWith('_siskin/repair'))).toEqual(
        []
      )
    }
  )

  it('names the archive only by its content: another of its name is not taken', async () => {
    const lake = copyOf('other')
    rmSync(join(lake, filesIn(lake, '_siskin/ledger')[1]!))
    const other = await nightOf(folder, 7)
    mkdirSync(join(folder, 'elsewhere'))
    const place = join(folder, 'elsewhere', 'night5.tar')
    renameSync(other, place)
    forgetPlaces(lake)
    const { outcomes, verdict } = await repairOf(lake, '--source', place)
    expect(verdict.ok).toBe(false)
    expect(outcomes.map(({ why }) => why).join()).toContain('is not at hand')
  })
})

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0)
}
