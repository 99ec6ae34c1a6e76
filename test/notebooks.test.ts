import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { simulate } from '../simulator/index.ts'
import { INSTALL_MS, pythonFor, runPython } from './support/python.ts'
import { siskin, temporaryFolder } from './support/siskin.ts'

const notebooks = fileURLToPath(new URL('../notebooks', import.meta.url))
const folder = temporaryFolder()

interface Notebook {
  readonly cells: readonly { readonly cell_type: string; readonly source: readonly string[] }[]
}

function codeOf(path: string): string {
  const { cells } = JSON.parse(readFileSync(path, 'utf8')) as Notebook
  const code = cells.filter(({ cell_type: type }) => type === 'code')
  return code.map(({ source }) => source.join('')).join('\n')
}

it(
  'every notebook runs from top to bottom on a small lake',
  { timeout: INSTALL_MS },
  async (context) => {
    const python = await pythonFor(context)
    const archive = join(folder, 'night.tar.gz')
    const made = await simulate({ out: archive, start: '2026-01-12', seed: 4, scale: 0.004 })
    const lake = join(folder, 'lake')
    const run = ['run', archive, '--lake', lake, '--compress-packets', 'ztf']
    expect((await siskin(run)).code).toBe(0)
    for (const name of readdirSync(notebooks).filter((file) => file.endsWith('.ipynb'))) {
      const script = join(folder, `${name}.py`)
      writeFileSync(script, codeOf(join(notebooks, name)))
      const ran = await runPython(python, [script], { SISKIN_LAKE: lake, MPLBACKEND: 'agg' })
      expect(ran.code, ran.stderr).toBe(0)
      expect(ran.stdout).toContain(`${made.packets} alerts in`)
      expect(ran.stdout).toContain('ztf True')
    }
  }
)
