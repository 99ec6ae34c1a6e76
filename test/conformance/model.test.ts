import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { identityModel } from '../support/identity-model.ts'
import { temporaryFolder } from '../support/siskin.ts'
import { goldenAlerts } from './alerts.ts'
import { batchOf, outputsOf } from './batch.ts'

// The suite over a module that asks a trained model, and one that looks at stamps.
const onnx = join(temporaryFolder(), 'identity.onnx')
writeFileSync(onnx, identityModel())
process.env['SISKIN_TEST_MODEL'] = pathToFileURL(onnx).href
const { askingPlan } = await import('../support/asking-modules.ts')
const alerts = goldenAlerts('ztf', 30)

test.each(['same', 'seen'])('%s answers, the same twice, each alert on its own', async (name) => {
  const module = askingPlan().modules.find((one) => one.name === name)!
  const run = (some: typeof alerts) => outputsOf(module, batchOf('ztf', some, []))
  const whole = await run(alerts)
  expect(await run(alerts)).toEqual(whole)
  const [first, second] = [await run(alerts.slice(0, 11)), await run(alerts.slice(11))]
  for (const [column, values] of Object.entries(whole)) {
    expect([...first[column]!, ...second[column]!], column).toEqual(values)
  }
  const { [`${name}.status`]: status, ...said } = whole
  expect(status).toContain('ok')
  expect(status!.filter((one) => String(one).startsWith('failed'))).toEqual([])
  expect(
    Object.values(said)
      .flat()
      .filter((value) => value !== null).length
  ).toBeGreaterThan(15)
})
