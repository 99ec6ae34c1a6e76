import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { siskin, temporaryFolder } from '../support/siskin.ts'

const folder = temporaryFolder()

test('prints the plan: order, versions, columns with units, topics, blocks', async () => {
  const { code, stdout } = await siskin(['check'])
  expect(code).toBe(0)
  expect(stdout).toMatch(/^\d+ modules in this order, \d+ filters/)
  expect(stdout).toMatch(/rate \d+\.\d+\.\d+:[^]*?after +detections[^]*?makes[^]*?delta_time \[d\]/)
  expect(stdout).toMatch(/filter fast_riser \d+\.\d+\.\d+ -> topic fast-riser/)
  expect(stdout).toMatch(
    /block sound: .*\n +reads +ztf\.nbad, ztf\.rb, lsst\.diaSource\.reliability,[^]*?\n +used by.*fast_riser/
  )
})

test('as JSON, of chosen modules and filters', async () => {
  const names = ['--modules', 'detections,solar_system,quality', '--filters', 'solar_system_known']
  const { stdout } = await siskin(['check', '--json', ...names])
  expect(JSON.parse(stdout)).toMatchObject({
    modules: [
      { name: 'quality' },
      { name: 'detections' },
      { name: 'solar_system', after: ['detections'] }
    ],
    filters: [{ name: 'solar_system_known', blocks: ['sound'] }],
    blocks: [{ name: 'sound' }]
  })
})

test('of modules alone: filters that need others are named, and left out', async () => {
  const one = await siskin(['check', '--modules', 'quality'])
  expect([one.code, one.stderr]).toEqual([0, ''])
  expect(one.stdout).toMatch(/^1 module in this order, 0 filters/)
  const line = 'filter solar_system_known is left out: --modules does not name solar_system'
  expect(one.stdout.split('\n')).toContain(line)
  const some = ['check', '--json', '--modules', 'quality,detections,solar_system']
  const plan = JSON.parse((await siskin(some)).stdout) as {
    filters: { name: string }[]
    leftOut: { filter: string; needs: string[] }[]
  }
  expect(plan.filters.map(({ name }) => name)).toContain('solar_system_known')
  expect(plan.leftOut).toContainEqual({ filter: 'fast_riser', needs: ['rate'] })
})

test.each([
  [['--modules', 'qualty'], /unknown module "qualty" \(quality\?\); known: apparent, .*quality/],
  [['--filters', 'nova'], /unknown filter "nova"; known: fast_fader/],
  [['--filters', 'Solar-System-Known'], /\(solar_system_known\?\)/],
  [['--filters', 'siskin-new-source'], /\(new_source\?\)/],
  [['--modules', 'solarsystem'], /\(solar_system\?\)/],
  [
    ['--modules', 'quality', '--filters', 'fast_riser'],
    /filter fast_riser needs detections, solar_system, rate, which --modules does not name/
  ],
  [['--modules', 'solar_system'], /module solar_system needs detections, which --modules does not/]
])('%s: exit code 2, and what is known', async (args, message) => {
  const { code, stderr } = await siskin(['check', ...args])
  expect([code, stderr]).toEqual([2, expect.stringMatching(message)])
})

test('a configuration with an unknown key is refused', async () => {
  const file = join(mkdtempSync(join(folder, 'config-')), 'siskin.yaml')
  writeFileSync(file, 'modulse: [quality]\n')
  const { code, stderr } = await siskin(['check', '--config', file])
  expect(code).toBe(2)
  expect(stderr).toMatch(/modulse/)
})

test('a configuration that is a folder', async () => {
  const { code, stderr } = await siskin(['check', '--config', folder])
  expect([code, stderr]).toEqual([2, `siskin: configuration ${folder}: a folder, and no file\n`])
})

test('a truth that is an archive, or a folder', async () => {
  const archive = join(folder, 'night.tar.gz')
  writeFileSync(archive, 'no Parquet')
  for (const truth of [archive, folder]) {
    const { code, stderr } = await siskin(['truth', '--lake', folder, '--truth', truth])
    expect([code, stderr.split('\n').length]).toEqual([2, 2])
    expect(stderr).toContain(`truth "${truth}" is no Parquet file`)
  }
})
