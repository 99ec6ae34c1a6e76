import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { pythonOf, runPython } from './python.ts'
import { temporaryFolder } from './siskin.ts'

const folder = temporaryFolder()
const wheel = join(folder, 'little-1.0-py3-none-any.whl')
const log = join(folder, 'pip.log')

const MAKE_WHEEL = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w') as wheel:
    wheel.writestr('little.py', 'answer = 42')
    wheel.writestr('little-1.0.dist-info/METADATA', 'Metadata-Version: 2.1\\nName: little\\nVersion: 1.0\\n')
    wheel.writestr('little-1.0.dist-info/WHEEL', 'Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    wheel.writestr('little-1.0.dist-info/RECORD', '')
`

beforeAll(() => {
  vi.stubEnv('SISKIN_PYTHON_CACHE', join(folder, 'cache'))
  vi.stubEnv('PIP_LOG', log)
})
afterAll(() => {
  vi.unstubAllEnvs()
})

test('three who ask at once get one installation', async (context) => {
  const made = await runPython({ folder }, ['-c', MAKE_WHEEL, wheel])
  if (made.code !== 0) {
    console.log(`skipped: ${context.task.name}, no Python`)
    context.skip('no Python')
  }
  const pythons = await Promise.all([1, 2, 3].map(() => pythonOf([wheel])))
  const [python] = pythons
  if (typeof python !== 'object') throw new Error(python)
  expect(pythons).toEqual([python, python, python])
  const { stdout } = await runPython(python, ['-c', 'import little; print(little.answer)'])
  expect(stdout).toBe('42\n')
  expect(readFileSync(log, 'utf8').match(/Successfully installed little-1\.0/g)).toHaveLength(1)
})

test('what cannot be installed is told, and not tried again at once', async (context) => {
  if (!existsSync(wheel)) context.skip('no Python')
  const none = join(folder, 'none-1.0-py3-none-any.whl')
  const first = await pythonOf([none])
  expect(first).toMatch(/^pip could not install .*none-1\.0-py3-none-any\.whl \(.+\)$/)
  const { length } = readFileSync(log, 'utf8')
  expect(await pythonOf([none])).toBe(first)
  expect(readFileSync(log, 'utf8')).toHaveLength(length)
})
