import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { localStore } from '../../engine/store/local.ts'
import type { Finding } from '../../engine/verify/finding.ts'
import { ledgerPath, partName, rangeName } from '../../engine/lake/ledger.ts'
import type { PartRecord } from '../../engine/lake/ledger.ts'
import { changesOf, keepMarks } from '../../engine/verify/proof-notes.ts'
import type { Store } from '../../engine/store/store.ts'
import { verify } from '../../engine/verify/verify.ts'
import { readArchive } from '../../simulator/read-archive.ts'
import { tarOf } from '../support/archives.ts'
import { writeContainer } from '../support/avro.ts'
import { encode, ztfAlert, ztfSchema } from '../support/synthetic.ts'
import { ask } from '../support/ask.ts'
import { temporaryFolder } from '../support/siskin.ts'
import { damage, filesIn, nightOf, recordsIn, runInto, verdictOf } from './support.ts'

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
  rmSync(join(copy, '_siskin/verified'), { recursive: true, force: true })
  return copy
}

const fileOf = (kind: string) =>
  records.flatMap(({ files }) => files).find((file) => file.kind === kind)!.path

describe('verify', () => {
  it('is about a lake with files of every kind', async () => {
    expect(records.length).toBeGreaterThan(4)
    const kinds = new Set(records.flatMap(({ files }) => files.map(({ kind }) => kind)))
    expect(kinds).toEqual(new Set(['alerts', 'packets', 'quarantine', 'topic']))
    const verdict = await verdictOf(whole, '--deep')
    expect(verdict).toMatchObject({ ok: true, differences: [], notes: [], copies: 0, lost: 0 })
    expect(verdict.distinct + verdict.revisions).toBe(verdict.alerts)
  })

  it.each(['alerts', 'packets', 'quarantine', 'topic'])(
    'with --deep names a file of kind %s of which a byte is other than it was',
    async (kind) => {
      const lake = copyOf(`deep-${kind}`)
      damage(lake, fileOf(kind), 0.4, 0.4001)
      damage(lake, fileOf(kind), 200, 201)
      const verdict = await verdictOf(lake, '--deep')
      expect(verdict.ok).toBe(false)
      expect(verdict.differences).toHaveLength(1)
      expect(verdict.differences[0]).toMatch(/ is damaged: | cannot be read: /)
      expect(verdict.differences[0]).toContain(fileOf(kind))
    }
  )

  it.each(['packets', 'topic'])(
    'without --deep sees where a %s file begins and ends',
    async (kind) => {
      const path = fileOf(kind)
      const head = copyOf(`head-${kind}`)
      damage(head, path, 0, 4)
      expect((await verdictOf(head)).differences[0]).toContain(
        `${path} is damaged: it does not begin`
      )
      const tail = copyOf(`tail-${kind}`)
      const { bytes } = records.flatMap(({ files }) => files).find((file) => file.path === path)!
      damage(tail, path, bytes - 8, bytes)
      expect((await verdictOf(tail)).differences[0]).toContain(
        `${path} is damaged: it does not end`
      )
    }
  )

  it('names what is missing, foreign, left over, and folders that hold nothing', async () => {
    const lake = copyOf('odd')
    const [missing, night] = [fileOf('alerts'), dirname(dirname(fileOf('alerts')))]
    rmSync(join(lake, missing))
    const foreign = [`${night}/other-000000/x.parquet`, `${dirname(missing)}/y.parquet`, 'z.txt']
    for (const path of foreign) {
      mkdirSync(dirname(join(lake, path)), { recursive: true })
      writeFileSync(join(lake, path), 'x')
    }
    mkdirSync(join(lake, night, 'void-000001'))
    mkdirSync(join(lake, '_siskin/sources'), { recursive: true })
    writeFileSync(join(lake, '_siskin/sources/a.json.0123456789ab.new'), '')
    const staged = `_siskin/staging/${records[0]!.source}/run1/7/0000000000-0000000049`
    mkdirSync(join(lake, staged), { recursive: true })
    writeFileSync(join(lake, staged, 'record.json'), '{}')
    const { differences, notes } = await verdictOf(lake)
    expect(differences.toSorted()).toEqual(
      [...foreign.map((path) => `${path} belongs to no part`), `${missing} is missing`].sort()
    )
    expect(notes.toSorted()).toEqual([
      expect.stringContaining('_siskin/sources/a.json.0123456789ab.new was being written'),
      `${staged} lies staged; the next run of the source clears it up`,
      `${night}/void-000001/ holds nothing`
    ])
  })

  it('names positions in no part, records that cannot be read, and the tail of a source', async () => {
    const lake = copyOf('gaps')
    const paths = filesIn(lake, '_siskin/ledger')
    const [, second, third] = records
    rmSync(join(lake, paths[1]!))
    writeFileSync(join(lake, paths[2]!), '{"half')
    const { source } = records[0]!
    const count = records.at(-1)!.last + 11
    mkdirSync(join(lake, '_siskin/sources'), { recursive: true })
    writeFileSync(join(lake, `_siskin/sources/${source}.json`), JSON.stringify({ count }))
    const { differences } = await verdictOf(lake)
    const packets = `source ${source}: packets`
    expect(differences).toEqual(
      expect.arrayContaining([
        `${packets} ${second!.first} to ${third!.last} are missing; run it again`,
        `${packets} ${count - 10} to ${count - 1} are missing; run it again`,
        expect.stringMatching(new RegExp(`^${paths[2]} cannot be read: `))
      ])
    )
  })

  it('counts copies that two sources brought, and calls the lake whole', async () => {
    const lake = copyOf('twice')
    const other = join(folder, 'other.tar')
    writeFileSync(other, tarOf(readArchive(archive).slice(1)))
    for (const path of filesIn(lake, '_siskin/seen').filter((own) => own.endsWith('.ids')))
      rmSync(join(lake, path)) // else they are known as copies, and left out
    await runInto(lake, other)
    const alerts = recordsIn(lake).reduce((sum, record) => sum + record.alerts, 0)
    const distinct = records.reduce((sum, record) => sum + record.alerts, 0)
    expect((await ask(['repair', '--lake', lake, '--yes'])).code).toBe(0) // makes the index again
    const verdict = await verdictOf(lake)
    expect(verdict).toMatchObject({ ok: true, alerts })
    const { copies, revisions } = verdict
    expect(copies).toBeGreaterThan(distinct - 4)
    expect(verdict.distinct + copies + revisions).toBe(alerts)
    const { stdout } = await ask(['verify', '--lake', lake])
    expect(stdout.split('\n')[0]).toContain(`it holds ${copies} alerts again from another`)
  })

  it('names copies in one source as a difference', async () => {
    const lake = copyOf('same')
    const record = records[0]!
    const shift = records.at(-1)!.last + 1
    const [first, last] = [shift, shift + record.last]
    const part = partName(record.source, first, last)
    const files = record.files.map((file) => {
      if (file.kind !== 'alerts' && file.kind !== 'quarantine') return file
      return { ...file, path: file.path.replace(record.part, part) }
    })
    for (const [i, { path }] of files.entries()) {
      if (path !== record.files[i]!.path)
        cpSync(join(lake, record.files[i]!.path), join(lake, path))
    }
    const copy = { ...record, part, first, last, files }
    writeFileSync(join(lake, ledgerPath(record.source, first, last)), JSON.stringify(copy))
    const { differences, copies } = await verdictOf(lake)
    expect(copies).toBe(0)
    expect(differences[0]).toContain(
      `source ${record.source}: ${record.alerts} alerts of ztf/alerts/night=`
    )
    expect(differences.slice(1).join()).toMatch(/index of copies.*the ledger has/) // and nothing else
    expect(differences).toHaveLength(3)
  })

  it('takes no correction for a copy, however many came in a night', async () => {
    const lake = join(folder, 'corrected')
    const source = join(folder, 'corrected.tar')
    const schema = ztfSchema()
    const text = JSON.stringify(schema)
    const versions = [18, 18.5].flatMap((magpsf) =>
      Array.from({ length: 1200 }, (_, i) => {
        const bytes = writeContainer(text, [encode(schema, ztfAlert(i, {}, { magpsf }))])
        return { name: `${i}-${magpsf}.avro`, bytes }
      })
    )
    writeFileSync(source, tarOf(versions))
    await ask(['run', source, '--lake', lake])
    const verdict = await verdictOf(lake)
    expect(verdict).toMatchObject({ ok: true, revisions: 1200, copies: 0, differences: [] })
    expect(verdict.notes).toEqual([])
    for (const path of filesIn(lake, '_siskin/ledger')) {
      const { marks: _, ...unmarked } = JSON.parse(readFileSync(join(lake, path), 'utf8'))
      writeFileSync(join(lake, path), JSON.stringify(unmarked))
    }
    const unmarked = await verdictOf(lake)
    expect(unmarked).toMatchObject({ ok: true, revisions: 1000, differences: [] })
    expect(unmarked.notes).toEqual([expect.stringContaining(': 200 ids of ztf/alerts/night=')])
  })

  it('knows what was committed and lies in a folder that was fenced', async () => {
    const lake = copyOf('fenced')
    const { source, attempt, first, last, files } = records[0]!
    const fenced = attempt.replace('/', '.over-0123456789ab/')
    const staged = `_siskin/staging/${source}/${fenced}/${rangeName(first, last)}/${files[0]!.path}`
    mkdirSync(dirname(join(lake, staged)), { recursive: true })
    renameSync(join(lake, files[0]!.path), join(lake, staged))
    const found: string[] = []
    const onFinding = ({ kind }: Finding) => found.push(kind)
    await verify(localStore(lake), { deep: false, onFinding, onProgress: () => {} })
    expect(found).toContain('unplaced')
    expect(found).not.toContain('file')
  })

  it('has a night, or what came since the last proof, looked at alone', async () => {
    const lake = copyOf('since')
    expect((await verdictOf(lake)).ok).toBe(true)
    const night = Object.keys(records[0]!.nights)[0]!.slice('ztf/'.length)
    const own = await verdictOf(lake, '--night', night)
    const all = records.reduce((sum, { nights }) => sum + (nights[`ztf/${night}`] ?? 0), 0)
    expect(own).toMatchObject({ ok: true, alerts: all, differences: [] })
    const none = await ask(['verify', '--lake', lake, '--night', '20200101'])
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('has no night 20200101')])
    expect(await verdictOf(lake, '--since', 'last')).toMatchObject({ ok: true, received: 0 })
    await runInto(lake, await nightOf(folder, 6))
    const fresh = recordsIn(lake).filter(({ source }) => source !== records[0]!.source)
    const received = fresh.reduce((sum, record) => sum + record.received, 0)
    const later = fresh.map(({ started }) => started).sort()[0]!
    expect(await verdictOf(lake, '--since', later)).toMatchObject({ ok: true, received })
    damage(lake, fresh[0]!.files[0]!.path, 0, 4)
    const since = await verdictOf(lake, '--since', 'last')
    expect(since).toMatchObject({ ok: false, received })
    expect(since.differences[0]).toContain(fresh[0]!.files[0]!.path)
    const deep = await verdictOf(lake, '--since', 'last', '--deep')
    expect(deep.received).toBe(received + records.reduce((sum, record) => sum + record.received, 0))
  })

  it('does not look at older blocks of the ledger, nor at their folders, with --since last', async () => {
    const lake = join(folder, 'long')
    const store = localStore(lake)
    await grow(store, 0, 30)
    const reached = new Map<string, number>()
    const options = { deep: false, onProgress: () => {} }
    const onReached = (source: string, next: number) => reached.set(source, next)
    expect(await verify(store, { ...options, onReached })).toMatchObject({ ok: true })
    await keepMarks(store, reached, {
      at: new Date().toISOString(),
      deep: false,
      changes: await changesOf(store)
    })
    await grow(store, 30, 32)
    const asked: string[] = []
    const since = await verify(watched(store, asked), { ...options, since: 'last' })
    expect(since).toMatchObject({ ok: true, received: 2 * 5000 })
    const old = asked.filter((path) => /\/0{7}[012]\d(\/|$)/.test(path))
    expect(old).toEqual([])
    expect(asked.length).toBeLessThan(40)
  })
})

/** Parts of 5,000 packets each, all in quarantine that holds nothing: a ledger without files. */
async function grow(store: Store, from: number, to: number): Promise<void> {
  for (let i = from; i < to; i++) {
    const source = 'long-0'
    const [first, last] = [i * 5000, i * 5000 + 4999]
    const record: PartRecord = {
      part: partName(source, first, last),
      source,
      first,
      last,
      received: 5000,
      alerts: 0,
      quarantined: {},
      duplicates: 5000,
      nights: {},
      modules: {},
      filters: {},
      files: [],
      attempt: 'run1/1',
      siskin: '0',
      started: new Date(i * 1000).toISOString(),
      seconds: {}
    }
    await store.write(ledgerPath(source, first, last), [Buffer.from(JSON.stringify(record))])
  }
}

/** A store that notes which folders and files it is asked for. */
function watched(store: Store, asked: string[]): Store {
  const note = (path: string) => {
    asked.push(path)
    return null
  }
  return {
    ...store,
    read: (path, ...range) => note(path) ?? store.read(path, ...range),
    list: (folder, drafts) => note(folder) ?? store.list(folder, drafts),
    entries: (folder) => note(folder) ?? store.entries(folder),
    size: (path) => note(path) ?? store.size(path)
  }
}
