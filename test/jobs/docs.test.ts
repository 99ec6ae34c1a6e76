import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { pages, stalePages, writePages } from '../../jobs/docs/docs.ts'
import { temporaryFolder } from '../support/siskin.ts'

const folder = temporaryFolder()

test('pages that were just written are in date; a changed or missing one is named', async () => {
  expect(await stalePages(folder)).toEqual(Object.keys(await pages()))
  await writePages(folder)
  expect(await stalePages(folder)).toEqual([])
  writeFileSync(join(folder, 'modules.md'), 'by hand')
  expect(await stalePages(folder)).toEqual(['modules.md'])
})

test('every module, filter, column and command is on its page', async () => {
  const all = await pages()
  expect(all['columns.md']).toMatch(
    /\| `flux_err` \| float64 \| `nJy` \| `stat.error;phot.flux.density` \|/
  )
  expect(all['columns.md']).toMatch(/### lsst.ssSource\n[^]*\| `ephRate` \| float32 \| `deg\/d` \|/)
  expect(all['modules.md']).toMatch(
    /## rate\n[^]*\| `delta_time` \| float64 \| `d` \| `time.interval` \|/
  )
  expect(all['modules.md']).toMatch(/`u\\\|g\\\|r\\\|i\\\|z\\\|y\.skew`/)
  expect(all['filters.md']).toMatch(/`fast-riser`/)
  for (const command of ['run', 'verify', 'inspect', 'check', 'new module']) {
    expect(all['cli.md']).toContain(`## siskin ${command}\n`)
  }
  expect(all['cli.md'], 'examples belong to the help').toContain('siskin inspect lake')
})
