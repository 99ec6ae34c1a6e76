import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { simulate } from '../../simulator/index.ts'
import { siskin, temporaryFolder } from '../support/siskin.ts'

const folder = temporaryFolder()
const at = (name: string) => join(folder, name)
const OVER = ['--lake', at('lake')]

beforeAll(async () => {
  const night = { survey: 'ztf', seed: 3, start: '2026-01-12', stamps: 'none' } as const
  await simulate({ ...night, scale: 0.0005, out: at('night.tar') })
  const { code, stderr } = await siskin(['run', at('night.tar'), ...OVER])
  expect(code, stderr).toBe(0)
  mkdirSync(at('empty'))
  writeFileSync(at('one.ts'), 'export default 1\n')
  writeFileSync(at('bad.yaml'), 'a: [\n')
})

test.each([
  [
    ['inject', '--class', 'sn_ia:1', '--like-night', '20260101', '--svg', at('no/x.svg')],
    /^siskin: --svg .*no\/x\.svg: there is no folder .*no\n$/
  ],
  [['check', '--catalogues', at('no')], /^siskin: --catalogues ".*no": no such folder\n$/],
  [
    ['check', '--config', at('bad.yaml')],
    /^siskin: configuration .*: Flow sequence .* column 1\n$/
  ],
  [
    ['backtest', at('empty'), ...OVER],
    /^siskin: filter ".*empty": no filter\.ts in that folder\n$/
  ],
  [
    ['backtest', at('one.ts'), ...OVER],
    /^siskin: filter .*one\.ts: its default export is no filter\n$/
  ],
  [
    ['repair', '--source', at('no'), ...OVER],
    /^siskin: --source ".*no": no such file or folder\n$/
  ],
  [['verify', '--lake', at('empty')], /^siskin: ".*empty" holds no lake: give the folder .*\n$/],
  [['truth', '--truth', at('lake.parquet'), ...OVER], /^siskin: truth ".*": no such file\n$/]
])('%j: one sentence, exit code 2', async (args, says) => {
  const { code, stdout, stderr } = await siskin(args)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toMatch(says)
})

test('what was found of nothing is said without empty tables', async () => {
  const none = await siskin(['requeue', ...OVER])
  expect(none).toMatchObject({ code: 0, stdout: 'nothing to do: no packet is in quarantine\n' })
  writeFileSync(at('no.avro'), 'this is not Avro')
  const { code, stdout, stderr } = await siskin(['run', at('no.avro'), '--lake', at('vain')])
  expect(code).toBe(1)
  expect(stdout).not.toMatch(/module|topic {2}alerts|query/)
  expect(stderr).toContain('none of 1 packet could be decoded (not-avro 1)')
})
