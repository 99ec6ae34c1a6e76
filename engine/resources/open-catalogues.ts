import type { Asked } from '../catalogues/asked.ts'
import { cdsTable, openCds } from '../catalogues/cds/open.ts'
import type { CdsQuestion } from '../catalogues/cds/open.ts'
import { snapshotOf } from '../catalogues/folder/snapshot.ts'
import { addressOf, openHatsOf } from '../catalogues/hats/open.ts'
import { extentColumns } from '../catalogues/search.ts'
import type { Lookup, Need } from '../contract/index.ts'
import { inMemory, readCatalogue } from './catalogue.ts'

export interface From {
  /** Folder of the catalogues; null for none. */
  readonly catalogues: string | null
  /** Only snapshots from before this time; left out: the newest. */
  readonly asOf?: string | null
  readonly warn: (message: string) => void
}

/** The catalogues that are asked; one that is not there is left out, and `warn` hears it. @throws UsageError */
export async function openCatalogues(
  lookups: readonly Lookup[],
  { catalogues: folder, asOf = null, warn }: From
): Promise<Map<string, Asked>> {
  const opened = new Map<string, Asked>()
  for (const [name, asking] of Map.groupBy(lookups, ({ catalogue }) => catalogue)) {
    const radius = Math.max(...asking.map((lookup) => lookup.radius))
    const asked = asking.flatMap((lookup) => [
      ...Object.values(lookup.columns),
      ...extentOf(lookup)
    ])
    if (folder === null) {
      warn(notThere(name, 'say where it is with --catalogues'))
      continue
    }
    const snapshot = await snapshotOf(folder, name, asOf)
    if (snapshot && snapshot.date === null && asOf !== null)
      warn(`catalogue ${name} has no date: it is asked as it is today`)
    const catalogue =
      snapshot && (await openCatalogue(folder, snapshot.stem, { asked, radius, warn }))
    if (catalogue) opened.set(name, dated(catalogue, name, snapshot.date))
    else warn(notThere(name, `not in ${folder}${asOf === null ? '' : `, as of ${asOf}`}`))
  }
  return opened
}

function notThere(name: string, where: string): string {
  return `catalogue ${name} is not there (${where}): what asks it gets "unavailable"`
}

/** A snapshot under the name that it is asked by, its date before its version. */
function dated(catalogue: Asked, name: string, date: string | null): Asked {
  return {
    ...catalogue,
    name,
    get version() {
      return date === null ? catalogue.version : `${date}-${catalogue.version}`
    }
  }
}

function extentOf(lookup: Lookup): Need<unknown>[] {
  return extentColumns(lookup).map((column) => ({ column, kind: 'number', unit: 'survey' }))
}

/** A file of the folder, read into memory; a table of the CDS; a HATS catalogue, read where it is asked. */
async function openCatalogue(
  folder: string,
  name: string,
  question: CdsQuestion
): Promise<Asked | null> {
  const { asked, warn } = question
  const file = await readCatalogue(folder, name, asked, warn)
  if (file) return inMemory(file)
  const table = cdsTable((await addressOf(folder, name)) ?? '')
  return table ? openCds(name, table, question) : openHatsOf(folder, name, asked, warn)
}
