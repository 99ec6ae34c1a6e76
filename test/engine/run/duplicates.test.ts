import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { tarOf } from '../../support/archives.ts'
import { confluent, writeContainer } from '../../support/avro.ts'
import { syntheticSchemas, syntheticZtf, SYNTHETIC_ID } from '../../support/packets.ts'
import type { Packet } from '../../support/packets.ts'
import { ask } from '../../support/ask.ts'
import { killAt } from '../../support/kill.ts'
import { siskin, temporaryFolder } from '../../support/siskin.ts'
import type { Outcome } from '../../support/siskin.ts'
import {
  encode,
  lsstAlert,
  lsstSchema,
  ZTF_ID,
  ztfAlert,
  ztfSchema
} from '../../support/synthetic.ts'

const folder = temporaryFolder()
const schemas = join(folder, 'schemas')
const night = syntheticZtf(60)

function archive(name: string, packets: readonly Packet[]): string {
  const path = join(folder, `${name}.tar`)
  writeFileSync(path, tarOf(packets.map(({ bytes }, i) => ({ name: `${name}-${i}.avro`, bytes }))))
  return path
}

/** The alert of that number as its survey sent it again, corrected. */
function corrected(index: number): Packet {
  const schema = ztfSchema()
  const datum = encode(schema, ztfAlert(index, {}, { magpsf: 18.5 }))
  return { name: 'corrected.avro', bytes: writeContainer(JSON.stringify(schema), [datum]) }
}

let lakes = 0

class Lake {
  readonly path = join(folder, `lake${lakes++}`)

  taking(source: string, more: readonly string[] = []): string[] {
    const flags = ['--lake', this.path, '--part-packets', '7', '--members', '2', '--json']
    return ['run', source, ...flags, ...more]
  }

  take(source: string, more: readonly string[] = [], env: Record<string, string> = {}) {
    return siskin(this.taking(source, more), env)
  }

  async verdict(): Promise<{ readonly alerts: number }> {
    const { stdout } = await ask(['verify', '--lake', this.path, '--json'])
    return JSON.parse(stdout) as { readonly alerts: number }
  }
}

function account({ stdout, stderr }: Outcome): unknown {
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout)
}

beforeAll(() => {
  mkdirSync(schemas)
  writeFileSync(join(schemas, `${SYNTHETIC_ID}.avsc`), syntheticSchemas().get(SYNTHETIC_ID)!)
})

describe('a copy of an alert', () => {
  test('is recognised when another archive brings it at a later run, and new alerts beside it land', async () => {
    const lake = new Lake()
    const more = syntheticZtf(80)
    expect(account(await lake.take(archive('first', night)))).toMatchObject({ alerts: 60 })
    expect(account(await lake.take(archive('second', more)))).toMatchObject({
      received: 80,
      alerts: 20,
      duplicates: 60,
      revisions: 0
    })
    expect(await lake.verdict()).toMatchObject({ ok: true, alerts: 80, copies: 0 })
  })

  test('is no copy of what the lake has lost: a part that is gone is taken in again', async () => {
    const lake = new Lake()
    const source = archive('lost', night)
    await lake.take(source)
    const [name = ''] = readdirSync(join(lake.path, '_siskin/ledger'))
    rmSync(join(lake.path, '_siskin/ledger', name, '000000/000000000'), { recursive: true })
    rmSync(join(lake.path, 'ztf'), { recursive: true })
    rmSync(join(lake.path, 'topics'), { recursive: true, force: true })
    expect(account(await lake.take(source))).toMatchObject({ alerts: 60, duplicates: 0 })
    expect(await lake.verdict()).toMatchObject({ ok: true, alerts: 60 })
    expect(account(await lake.take(archive('then', night)))).toMatchObject({ duplicates: 60 })
  })

  test('is recognised in a run in which every alert came twice, near and far', async () => {
    const lake = new Lake()
    const twice = [...night.flatMap((packet) => [packet, packet]), ...night.toReversed()]
    expect(account(await lake.take(archive('twice', twice)))).toMatchObject({
      alerts: 60,
      duplicates: 120
    })
    expect(await lake.verdict()).toMatchObject({ ok: true, alerts: 60, copies: 0 })
  })

  test('is recognised by the run that goes on after one that was killed', async () => {
    const lake = new Lake()
    const source = archive('killed', [...night, ...night])
    await killAt('63:staged', lake.taking(source))
    expect((await lake.take(source)).code).toBe(0)
    expect(await lake.verdict()).toMatchObject({ ok: true, alerts: 60, duplicates: 60, copies: 0 })
    const again = archive('later', night)
    expect(account(await lake.take(again))).toMatchObject({ alerts: 0, duplicates: 60 })
  })

  test('is recognised by the run of another archive after one that was killed', async () => {
    const lake = new Lake()
    await killAt('42:placing', lake.taking(archive('cut', night)))
    const { alerts } = await lake.verdict()
    const next = account(await lake.take(archive('next', night)))
    expect(next).toMatchObject({ alerts: 60 - alerts, duplicates: alerts })
    expect(alerts).toBeGreaterThan(20)
    expect((await lake.take(join(folder, 'cut.tar'))).code).toBe(0)
    expect(await lake.verdict()).toMatchObject({ ok: true, alerts: 60, duplicates: 60, copies: 0 })
  })

  test('lands when it comes later than asked for, and is named by verify', async () => {
    const lake = new Lake()
    await lake.take(archive('early', night.slice(0, 10)))
    const late = { SISKIN_DUPLICATE_NIGHTS: '0' }
    expect(
      account(await lake.take(archive('same-day', night.slice(0, 10)), [], late))
    ).toMatchObject({ alerts: 0, duplicates: 10 })
    const index = join(lake.path, '_siskin/seen/ztf/20190109')
    for (const name of readdirSync(index)) {
      renameSync(join(index, name), join(index, name.replace(/\.\d{8}\.ids$/, '.20200101.ids')))
    }
    const later = archive('long-after', night.slice(0, 10))
    expect(account(await lake.take(later, ['--duplicate-nights', '7']))).toMatchObject({
      alerts: 10,
      duplicates: 0
    })
    expect(await lake.verdict()).toMatchObject({ copies: 10 })
  })
})

test('a corrected packet is kept as a revision, counted and named, in one run and in a later one', async () => {
  const lake = new Lake()
  const one = archive('corrected', [...night.slice(0, 20), corrected(3), corrected(3)])
  const first = await lake.take(one)
  expect(account(first)).toMatchObject({ alerts: 21, duplicates: 1, revisions: 1 })
  const said = `alerts came again with other bytes, and are kept as revisions: ztf ${ZTF_ID + 3000n}`
  expect(first.stderr).toContain(said)
  const second = await lake.take(archive('corrected-later', [corrected(5), corrected(3)]))
  expect(account(second)).toMatchObject({ alerts: 1, duplicates: 1, revisions: 1 })
  expect(second.stderr).toContain(`revisions: ztf ${ZTF_ID + 5000n}`)
})

test('alerts of two surveys with the same id are both kept, in one range and in two', async () => {
  const lake = new Lake()
  const id = ZTF_ID + 4000n
  const lsst = encode(lsstSchema(), lsstAlert(0, { diaSourceId: id }, { diaSourceId: id }))
  const packets = [...night.slice(0, 9), { name: 'x', bytes: confluent(SYNTHETIC_ID, lsst) }]
  const path = join(folder, 'both.tar')
  const named = packets.map(({ bytes }, i) => {
    return { name: `both-${i}.${i === 9 ? 'confluent' : 'avro'}`, bytes }
  })
  writeFileSync(path, tarOf(named))
  const more = ['--schemas', schemas, '--part-packets']
  const result = account(await lake.take(path, [...more, '100']))
  expect(result).toMatchObject({ alerts: 10, duplicates: 0, revisions: 0, quarantined: {} })
  const other = new Lake()
  expect(account(await other.take(path, [...more, '4']))).toMatchObject({
    alerts: 10,
    revisions: 0
  })
})
