import type { Asked } from '../catalogues/asked.ts'
import { cdsTable, openCds } from '../catalogues/cds/open.ts'
import type { CdsQuestion as Question } from '../catalogues/cds/open.ts'
import { faultOf } from '../catalogues/fault.ts'
import { expectOne, insteadOf } from '../catalogues/folder/ways.ts'
import { snapshotOf } from '../catalogues/folder/snapshot.ts'
import { addressOf, openHatsOf } from '../catalogues/hats/open.ts'
import { later } from '../catalogues/later.ts'
import { extentColumns } from '../catalogues/search.ts'
import type { Lookup, Need } from '../contract/index.ts'
import { inMemory, readCatalogue } from './catalogue.ts'

export interface From {
  /** Folder of the catalogues; null for none. */
  readonly catalogues: string | null
  /** Only snapshots from before this time; left out: the newest. */
  readonly asOf?: string | null
  /** Somebody opened them before, who said what is wrong with them: what is so since then refuses nothing. */
  readonly isChecked?: boolean
  readonly warn: (message: string) => void
}

/** The catalogues that are asked; one that is not there is left out, and `warn` hears it. @throws UsageError unless checked */
export async function openCatalogues(
  lookups: readonly Lookup[],
  { catalogues: folder, asOf = null, isChecked = false, warn }: From
): Promise<Map<string, Asked>> {
  const opened = new Map<string, Asked>()
  let isOpening = true
  const tell = (message: string) => {
    if (!isOpening || !isChecked) warn(message)
  }
  for (const [name, asking] of Map.groupBy(lookups, ({ catalogue }) => catalogue)) {
    if (folder === null) {
      tell(notThere(name, 'say where it is with --catalogues'))
      continue
    }
    const open = () => openAsOf(folder, name, asOf, questionOf(asking, tell))
    try {
      const catalogue = await open()
      if (catalogue) opened.set(name, catalogue)
    } catch (error) {
      if (!isChecked) throw error
      warn(`${faultOf(name, error)}; it is tried again, meanwhile it is "unavailable"`)
      opened.set(name, later(name, open))
    }
  }
  isOpening = false
  return opened
}

function questionOf(asking: readonly Lookup[], warn: From['warn']): Question {
  return {
    radius: Math.max(...asking.map((lookup) => lookup.radius)),
    hasExtent: asking.some(({ extent }) => extent !== undefined),
    asked: asking.flatMap((lookup) => [...Object.values(lookup.columns), ...extentOf(lookup)]),
    warn
  }
}

async function openAsOf(
  folder: string,
  name: string,
  asOf: string | null,
  question: Question
): Promise<Asked | null> {
  const { warn } = question
  const snapshot = await snapshotOf(folder, name, asOf)
  if (snapshot && snapshot.date === null && asOf !== null)
    warn(`catalogue ${name} has no date: it is asked as it is today`)
  const catalogue = snapshot && (await openCatalogue(folder, snapshot.stem, question))
  if (catalogue) return dated(catalogue, name, snapshot.date)
  const others = await insteadOf(folder, name)
  warn(notThere(name, `not in ${folder}${asOf === null ? '' : `, as of ${asOf}`}${others}`))
  return null
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

/** A file of the folder, read into memory; a table of the CDS; a HATS catalogue, read where it is asked. @throws UsageError */
async function openCatalogue(
  folder: string,
  name: string,
  question: Question
): Promise<Asked | null> {
  const { asked, warn } = question
  await expectOne(folder, name)
  const file = await readCatalogue(folder, name, asked, warn)
  if (file) return inMemory(file)
  const table = cdsTable((await addressOf(folder, name)) ?? '')
  return table ? openCds(name, table, question) : openHatsOf(folder, name, asked, warn)
}
