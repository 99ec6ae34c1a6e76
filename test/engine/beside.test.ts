import { expect, it } from 'vitest'
import { beside, defineFilter, number } from '#contract'
import { avroType } from '../../engine/avro/type.ts'
import { enrich } from '../../engine/enrich/enrich.ts'
import { makePlan } from '../../engine/enrich/plan.ts'
import { ModuleRunner } from '../../engine/enrich/run-module.ts'
import { messageFormat } from '../../engine/publish/message.ts'
import { select } from '../../engine/publish/select.ts'
import { valueAt } from '../../engine/table/columns.ts'
import { planText } from '../../jobs/check/check.ts'
import apparent from '../../science-modules/apparent/module.ts'
import { goldenAlerts } from '../conformance/alerts.ts'
import { batchOf, outputsOf } from '../conformance/batch.ts'
import { decode, onlyAlerts, syntheticZtf } from '../support/packets.ts'
import { lay } from '../support/parts.ts'

const ROWS = 12
const next = beside({ ...apparent, version: '2.0.0-rc.1', run: twice })

/** The magnitudes of the first version, two fainter. */
async function twice(batch: Parameters<typeof apparent.run>[0]) {
  const made = await apparent.run(batch)
  const mag = Array.from(made.mag, (value) => (value === null ? null : value + 2))
  return { ...made, mag }
}

const filter = defineFilter({
  name: 'faint',
  version: '1.0.0',
  topic: 'faint',
  about: 'By the next version. A null fails.',
  owner: '@nobody',
  requires: { next: number(`${next.name}.mag`, 'mag'), now: number('apparent.mag', 'mag') },
  uses: {},
  keep:
    ({ columns }) =>
    (row) =>
      (columns.next.at(row) ?? 0) > (columns.now.at(row) ?? 99)
})

it('two versions of a module run in one plan, each under its own name, and a filter asks for one', async () => {
  expect(next.name).toBe('apparent_2_0_0_rc_1')
  expect(() => makePlan([apparent, { ...apparent }], [])).toThrow('beside(module)')
  const plan = makePlan([apparent, next], [filter])
  expect(planText(plan)).toContain('2. apparent_2_0_0_rc_1 2.0.0-rc.1')
  const decoded = onlyAlerts(await decode(syntheticZtf(ROWS)))
  const runner = new ModuleRunner((_, text) => expect.fail(text))
  const batch = await enrich(decoded.table, plan, { runner, stopped: new Set(), onStart() {} })
  const [one, two] = ['apparent.mag', `${next.name}.mag`].map((name) => {
    return Array.from({ length: ROWS }, (_, row) => valueAt(batch.column(name)!, row))
  })
  const said = one!.flatMap((value, row) => (value === null ? [] : [row]))
  expect(said.length).toBeGreaterThan(0)
  for (const row of said) expect(two![row]).toBeCloseTo((one![row] as number) + 2, 4)
  expect(select(plan.filters, batch, (text) => expect.fail(text))[0]!.rows).toEqual(said)
  const type = avroType(messageFormat(plan.columns).schema)
  const message = messageFormat(plan.columns).bind(batch, () => new Uint8Array(0))(said[0]!, true)
  expect(Object.keys(type.fromBuffer(message) as object)).toEqual(
    expect.arrayContaining(['apparent', next.name])
  )
  const files = lay('part', decoded, batch)
  expect(files.some(({ path }) => path.endsWith('.parquet'))).toBe(true)
})

it('the conformance suite runs it as any other module', async () => {
  const outputs = await outputsOf(next, batchOf('ztf', goldenAlerts('ztf', ROWS), []))
  expect(Object.keys(outputs)).toContain(`${next.name}.mag`)
})
