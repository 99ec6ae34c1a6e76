import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { INSTALL_MS, pythonFor, runPython } from './support/python.ts'
import { temporaryFolder } from './support/siskin.ts'

const PROJECT = fileURLToPath(new URL('..', import.meta.url))
const folder = temporaryFolder()

interface Panel {
  readonly id: number
  readonly targets: readonly { readonly expr: string; readonly refId: string }[]
}

const { panels } = JSON.parse(
  readFileSync(join(PROJECT, 'deploy/grafana/siskin.json'), 'utf8')
) as { panels: Panel[] }

describe('tools that know these files find nothing wrong', () => {
  test('promtool', (context) => {
    if (spawnSync('promtool', ['--version']).status !== 0) context.skip('there is no promtool')
    const asRules = panels.flatMap(({ id, targets }) =>
      targets.map(({ expr, refId }) => ({
        record: `panel:${id}:${refId}`,
        expr: expr.replaceAll('$__rate_interval', '5m')
      }))
    )
    const path = join(folder, 'dashboard-rules.yml')
    writeFileSync(path, JSON.stringify({ groups: [{ name: 'panels', rules: asRules }] }))
    for (const args of [
      ['check', 'config', 'deploy/prometheus/prometheus.yml'],
      ['check', 'rules', path],
      ['test', 'rules', 'test/support/rules.test.yml']
    ]) {
      const ran = spawnSync('promtool', args, { cwd: PROJECT, encoding: 'utf8' })
      expect(ran.stdout + ran.stderr).toContain('SUCCESS')
      expect(ran.status, ran.stderr).toBe(0)
    }
  })

  test('kubernetes-validate', { timeout: INSTALL_MS }, async (context) => {
    const python = await pythonFor(context)
    for (const name of ['siskin', 'jobs', 'network', 'reprocess']) {
      const file = join(PROJECT, `deploy/kubernetes/${name}.yaml`)
      const ran = await runPython(python, ['-m', 'kubernetes_validate', '--strict', file])
      expect(ran.stdout + ran.stderr).toContain('passed')
      expect(ran.code, ran.stdout + ran.stderr).toBe(0)
    }
  })

  test('terraform', (context) => {
    if (spawnSync('terraform', ['version']).status !== 0) context.skip('there is no terraform')
    const args = ['fmt', '-check', '-diff', '-recursive', 'terraform']
    const ran = spawnSync('terraform', args, { cwd: PROJECT, encoding: 'utf8' })
    expect(ran.stdout).toBe('')
    expect(ran.status).toBe(0)
  })

  test('systemd-analyze', (context) => {
    if (spawnSync('systemd-analyze', ['--version']).status !== 0)
      context.skip('there is no systemd')
    const units = ['siskin-stream.service', 'siskin-run@.service']
    const args = ['verify', ...units.map((unit) => join(PROJECT, 'deploy/openstack', unit))]
    const { stderr } = spawnSync('systemd-analyze', args, { encoding: 'utf8' })
    const said = stderr.split('\n').filter((line) => /siskin/.test(line))
    expect(said.filter((line) => !/is not executable/.test(line))).toEqual([])
  })
})
