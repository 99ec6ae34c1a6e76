import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { columnsPage } from './columns.ts'
import { cliPage, filtersPage, metricsPage, modulesPage } from './pages.ts'
import { PROJECT } from '../new/new.ts'
import { buildProgram } from '../program.ts'
import { pickFilters, pickModules } from '../common/registries.ts'

/** The generated pages by file name. */
export async function pages(): Promise<Record<string, string>> {
  const modules = pickModules(null)
  return {
    'cli.md': cliPage(await buildProgram()),
    'columns.md': columnsPage(modules),
    'filters.md': filtersPage(pickFilters(null)),
    'metrics.md': metricsPage(),
    'modules.md': modulesPage(modules)
  }
}

/** Names of the pages in `folder` that differ from what the code says. */
export async function stalePages(folder: string): Promise<string[]> {
  const stale: string[] = []
  for (const [name, text] of Object.entries(await pages())) {
    const there = await readFile(join(folder, name), 'utf8').catch(() => null)
    if (there !== text) stale.push(name)
  }
  return stale
}

export async function writePages(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const [name, text] of Object.entries(await pages()))
    await writeFile(join(folder, name), text)
}

if (import.meta.main) {
  const folder = join(PROJECT, 'docs')
  if (process.argv.includes('--check')) {
    const stale = await stalePages(folder)
    for (const name of stale) console.error(`docs/${name} is not what the code says`)
    if (stale.length > 0) {
      console.error('run "npm run docs" and commit the pages')
      process.exitCode = 1
    }
  } else {
    await writePages(folder)
  }
}
