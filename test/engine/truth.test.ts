import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Int64, Table, Utf8, tableToIPC, vectorFromArray } from 'apache-arrow'
import { parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { Table as WasmTable, writeParquet } from 'parquet-wasm'
import { beforeAll, expect, test } from 'vitest'
import { readLedger } from '../../engine/lake/records.ts'
import { openStore } from '../../engine/store/open-store.ts'
import { topicIds } from '../../engine/truth/topic-ids.ts'
import type { TopicAim } from '../../engine/truth/tables.ts'
import { judge } from '../../engine/truth/truth.ts'
import type { TruthReport } from '../../engine/truth/truth.ts'
import { simulate } from '../../simulator/index.ts'
import { siskin, temporaryFolder } from '../support/siskin.ts'

interface Row {
  alert_id: bigint
  object_id: string
  class: string
  age: number
  true_rate: number | null
  true_amplitude: number | null
  is_named: boolean | null
}

const folder = temporaryFolder()
const lake = join(folder, 'lake')
const truth = join(folder, 'night.truth.parquet')

const EVENTS = ['kilonova', 'cv', 'flare', 'sn_ia']
const aims: readonly TopicAim[] = [
  { topic: 'fast-riser', seeks: { classes: EVENTS, phase: 'rising' } },
  { topic: 'fast-fader', seeks: { classes: EVENTS, phase: 'fading' } },
  { topic: 'new-source', seeks: { classes: EVENTS, phase: 'new' } },
  { topic: 'large-amplitude', seeks: { classes: ['mira', 'rrlyr'], phase: 'varied' } },
  { topic: 'solar-system-candidate', seeks: { classes: ['sso'], phase: 'unnamed' } },
  { topic: 'solar-system-known', seeks: { classes: ['sso'] } },
  { topic: 'without-alerts', seeks: { classes: ['sso'] } },
  { topic: 'without-aim', seeks: null }
]

const phases: Record<string, (row: Row) => boolean> = {
  rising: ({ true_rate: rate }) => rate !== null && rate <= -0.3,
  fading: ({ true_rate: rate }) => rate !== null && rate >= 0.3,
  new: ({ age }) => age <= 2,
  varied: ({ true_amplitude: half }) => half !== null && half >= 0.5,
  unnamed: ({ is_named: named }) => named === false
}

let rows: Row[]
let report: TruthReport
let selected: Map<string, bigint[]>

beforeAll(async () => {
  await simulate({
    out: join(folder, 'night.tar.gz'),
    survey: 'ztf',
    start: '2026-01-12',
    scale: 0.02,
    seed: 7,
    stamps: 'none',
    inject: { kilonova: 30 }
  })
  const ran = await siskin(['run', join(folder, 'night.tar.gz'), '--lake', lake])
  expect(ran.code, ran.stderr).toBe(0)
  const bytes = readFileSync(truth)
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)
  rows = (await parquetReadObjects({ file, compressors })) as unknown as Row[]
  const store = openStore(lake)
  selected = await topicIds(store, await readLedger(store))
  report = await judge(store, [truth], aims)
})

const objectsOf = (some: readonly Row[]) => new Set(some.map((row) => row.object_id)).size

test.each(aims.map(({ topic }) => topic))('%s: alerts and objects, by class and phase', (topic) => {
  const { seeks } = aims.find((aim) => aim.topic === topic)!
  const ids = new Set(selected.get(topic) ?? [])
  const isSought = (row: Row) => seeks?.classes.includes(row.class) ?? false
  const isFindable = (row: Row) => isSought(row) && (!seeks?.phase || phases[seeks.phase]!(row))
  const picked = rows.filter((row) => ids.has(row.alert_id))
  const findable = rows.filter(isFindable)
  const share = (part: number, whole: number) => (!seeks || whole === 0 ? null : part / whole)
  expect(report.topics.find((row) => row.topic === topic)).toEqual({
    topic,
    seeks,
    selected: picked.length,
    purity: share(picked.filter(isSought).length, picked.length),
    inPhase: share(picked.filter(isFindable).length, picked.length),
    findable: findable.length,
    completeness: share(picked.filter(isFindable).length, findable.length),
    objects: objectsOf(picked),
    objectPurity: share(objectsOf(picked.filter(isSought)), objectsOf(picked)),
    objectCompleteness: share(objectsOf(picked.filter(isFindable)), objectsOf(findable))
  })
})

test('what is past its moment is not missed', () => {
  const risen = rows.filter((row) => EVENTS.includes(row.class) && !phases['rising']!(row))
  expect(risen.length).toBeGreaterThan(10)
  const { findable } = report.topics.find(({ topic }) => topic === 'fast-riser')!
  expect(findable).toBe(rows.filter((row) => EVENTS.includes(row.class)).length - risen.length)
})

test('the command prints alerts and objects', async () => {
  const { stdout } = await siskin(['truth', '--lake', lake, '--truth', truth])
  expect(stdout).toMatch(
    /topic +selected +pure +in phase +findable +found +objects +pure +found +seeks/
  )
  expect(stdout).toMatch(/fast-riser .*rising: sn_ia/)
})

test('a truth that does not tell the moment of an alert is refused with what to do', async () => {
  const old = join(folder, 'old.truth.parquet')
  const table = new Table({
    alert_id: vectorFromArray([1n], new Int64()),
    object_id: vectorFromArray(['a'], new Utf8()),
    class: vectorFromArray(['sso'], new Utf8()),
    packet_kind: vectorFromArray(['good'], new Utf8())
  })
  writeFileSync(old, writeParquet(WasmTable.fromIPCStream(tableToIPC(table, 'stream'))))
  const { code, stderr } = await siskin(['truth', '--lake', lake, '--truth', old])
  expect(code).toBe(2)
  expect(stderr).toContain('does not tell the moment of an alert: simulate it again')
})
