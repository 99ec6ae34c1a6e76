import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { simulate } from '../../simulator/index.ts'
import { siskin, temporaryFolder } from '../support/siskin.ts'

const folder = temporaryFolder()
const ztf = join(folder, 'ztf.tar.gz')

beforeAll(async () => {
  await simulate({ survey: 'ztf', start: '2026-01-12', seed: 4, out: ztf, scale: 0.0005 })
})

it('a configuration that is not there', async () => {
  const outcome = await siskin(['check', '--config', join(folder, 'none.yaml')])
  expect(outcome).toMatchObject({ code: 2 })
  expect(outcome.stderr).toMatch(/configuration .*none\.yaml: no such file$/m)
})

it('an unknown key in the configuration: the list of known ones, exit code 2', async () => {
  const config = join(folder, 'siskin.yaml')
  writeFileSync(config, 'mebers: 2\n')
  const outcome = await siskin(['run', ztf, '--config', config])
  expect(outcome.code).toBe(2)
  const [, known = ''] = /"mebers" \(members\?\); known: (.*)/.exec(outcome.stderr) ?? []
  expect(known.split(', ')).toEqual(expect.arrayContaining(['filters', 'lake', 'members']))
})

it('settings: a flag goes before the environment, that before the file', async () => {
  const config = join(folder, 'good.yaml')
  writeFileSync(config, `lake: ${join(folder, 'by-file')}\nmodules: [quality]\n`)
  const byFile = await siskin([
    'run',
    ztf,
    '--config',
    config,
    '--filters',
    'solar_system_known',
    '--modules',
    'quality,detections,solar_system',
    '--json'
  ])
  expect(Object.keys((JSON.parse(byFile.stdout) as { modules: object }).modules).sort()).toEqual([
    'detections',
    'quality',
    'solar_system'
  ])
  expect(existsSync(join(folder, 'by-file'))).toBe(true)
  await siskin(
    [
      'run',
      ztf,
      '--config',
      config,
      '--filters',
      'solar_system_known',
      '--modules',
      'quality,detections,solar_system'
    ],
    { SISKIN_LAKE: join(folder, 'by-environment') }
  )
  expect(existsSync(join(folder, 'by-environment'))).toBe(true)
})
