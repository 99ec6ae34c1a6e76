import { cpSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { readWhole } from '../../engine/close/containers.ts'
import { DamagedFile } from '../../engine/close/damaged.ts'
import { recordAt } from '../../engine/lake/records.ts'
import { settle } from '../../engine/lake/settle.ts'
import { openStore } from '../../engine/store/open-store.ts'
import { replaceBytes } from '../../engine/store/replace-file.ts'
import type { Store } from '../../engine/store/store.ts'
import { simulate } from '../../simulator/index.ts'
import { closeAll, verdictOf } from '../support/closing.ts'
import { ask } from '../support/ask.ts'
import { siskin, temporaryFolder } from '../support/siskin.ts'

const folder = temporaryFolder()
const closed = join(folder, 'closed')
const archive = join(folder, 'night.tar')
const SOURCE = 'closed-ztf-20260112'

const lakeOf = (name: string) => {
  const lake = join(folder, name)
  cpSync(closed, lake, { recursive: true })
  return lake
}

async function onlyFile(store: Store, below: string): Promise<string> {
  const files = await store.list(below)
  expect(files).toHaveLength(1)
  return files[0]!.path
}

const repair = (lake: string) =>
  ask(['repair', '--lake', lake, '--source', archive, '--yes', '--deep'])

beforeAll(async () => {
  await simulate({ start: '2026-01-12', seed: 3, scale: 0.003, stamps: 'none', out: archive })
  await ask(['run', archive, '--lake', closed, '--part-packets', '150'])
  await closeAll(openStore(closed))
}, 60_000)

describe('a closed night', () => {
  test('that is gone with its record is missed', async () => {
    const lake = lakeOf('gone')
    const store = openStore(lake)
    const files = await store.list('')
    for (const { path } of files) if (path.includes(SOURCE)) rmSync(join(lake, path))
    const { ok, differences } = await verdictOf(store)
    expect([ok, differences]).toEqual([
      false,
      [expect.stringMatching(/is in no ledger, and \d+ parts of night ztf\/20260112 say that/)]
    ])
    expect((await repair(lake)).stdout).toContain(`_siskin/closed/${SOURCE}/000000.jsonl, which`)
  })

  test('whose record is damaged is opened again, and without what it was merged of is left as it is', async () => {
    const lake = lakeOf('torn')
    const store = openStore(lake)
    const before = await verdictOf(store)
    truncateSync(join(lake, await onlyFile(store, `_siskin/ledger/${SOURCE}`)), 100)
    const taken = await onlyFile(store, `_siskin/closed/${SOURCE}`)
    const bytes = await store.read(taken)
    writeFileSync(join(lake, taken), bytes.subarray(0, bytes.length / 2))
    const files = await store.list('ztf')
    expect((await repair(lake)).code).toBe(1)
    expect(await store.list('ztf')).toEqual(files)
    writeFileSync(join(lake, taken), bytes)
    const { code, stdout, stderr } = await repair(lake)
    expect(code, stdout + stderr).toBe(0)
    expect(await verdictOf(store)).toEqual(before)
    await closeAll(store)
    expect(await verdictOf(store)).toEqual(before)
    await onlyFile(store, 'ztf/alerts')
  })

  test('that was read is not read again when it is opened, and what comes late is read', async () => {
    const lake = lakeOf('read')
    const store = openStore(lake)
    const env = { XDG_STATE_HOME: join(folder, 'state') }
    const read = async () => {
      const args = ['subscribe', 'solar-system-known', '--lake', lake, '--group', 'g', '--json']
      const { code, stdout, stderr } = await siskin(args, env)
      expect(code, stderr).toBe(0)
      return stdout.split('\n').filter(Boolean).length
    }
    expect(await read()).toBeGreaterThan(20)
    await store.remove(await onlyFile(store, 'ztf/alerts'))
    expect((await repair(lake)).code).toBe(0)
    expect((await store.list('topics/solar-system-known')).length).toBeGreaterThan(1)
    expect(await read()).toBe(0)
    const late = join(folder, 'late.tar')
    await simulate({ start: '2026-01-12', seed: 44, scale: 0.001, stamps: 'none', out: late })
    const { stdout } = await ask(['run', late, '--lake', lake, '--json'])
    const { topics } = JSON.parse(stdout) as { topics: Record<string, number> }
    await closeAll(store)
    await onlyFile(store, 'topics/solar-system-known')
    expect(topics['solar-system-known']).toBeGreaterThan(5)
    expect(await read()).toBe(topics['solar-system-known'])
  })

  test('of which a record cannot be read loses none when records are laid together again', async () => {
    const store = openStore(lakeOf('pack'))
    const pack = (await store.list('_siskin/ledger')).find(({ path }) => path.endsWith('.jsonl'))!
    const lines = Buffer.from(await store.read(pack.path))
      .toString()
      .split('\n')
    const damaged = Buffer.from([...lines.slice(0, 2), '{', ...lines.slice(2)].join('\n'))
    await replaceBytes(store, pack.path, damaged)
    const record = await recordAt(store, SOURCE, { first: 0, last: 0 })
    const settling = { drafts: '_siskin/staging/drafts', check: async () => {} }
    await expect(settle(store, record!, settling, () => {})).rejects.toThrow(
      `${pack.path} cannot be read: a line of it is no record`
    )
    expect(Buffer.compare(await store.read(pack.path), damaged)).toBe(0)
  })

  test.each([
    ['a line is none', (lines: string[]) => ['{', ...lines.slice(2)]],
    ['it is cut off', (lines: string[]) => [lines[1]!.slice(0, 99)]],
    ['it is gone', () => null]
  ])(
    'whose records lay together and are damaged has them again: %s',
    async (name, harm) => {
      const lake = lakeOf(name)
      const store = openStore(lake)
      const { path } = (await store.list('_siskin/ledger')).find((one) =>
        one.path.endsWith('jsonl')
      )!
      const whole = Buffer.from(await store.read(path)).toString()
      const [head, ...lines] = whole.split('\n')
      const harmed = harm([head!, ...lines])
      if (harmed) writeFileSync(join(lake, path), [head, ...harmed].join('\n'))
      else rmSync(join(lake, path))
      const before = await verdictOf(store)
      expect(before.differences.join()).toContain(path)
      const { stdout } = await repair(lake)
      expect(stdout).toMatch(/records? read, [1-9]\d* rebuilt/)
      expect(await verdictOf(store)).toMatchObject({ ok: true, differences: [] })
      expect(Buffer.from(await store.read(path)).toString()).toBe(whole)
    },
    60_000
  )

  test('is closed without a part of which a file of a layer is missing', async () => {
    const none = { path: 'ztf/layers/none', kind: 'layer', bytes: 1, rows: 1, crc32: '' } as const
    const read = readWhole(openStore(closed), none)
    await expect(read).rejects.toThrow(DamagedFile)
  })
})
