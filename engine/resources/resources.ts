import type {
  Filter,
  Lookup,
  Lookups,
  Module,
  Need,
  Predictors,
  Models
} from '../contract/index.ts'
import type { Plan } from '../enrich/plan.ts'
import { NO_ANSWERS } from '../table/answers.ts'
import type { Answered } from '../table/answers.ts'
import type { AlertTable } from '../table/table.ts'
import type { Asked } from '../catalogues/asked.ts'
import { extentColumns } from '../catalogues/search.ts'
import { snapshotOf } from '../catalogues/folder/snapshot.ts'
import { cdsTable, openCds } from '../catalogues/cds/open.ts'
import type { CdsQuestion } from '../catalogues/cds/open.ts'
import { addressOf, openHatsOf } from '../catalogues/hats/open.ts'
import { ask, questionsOf } from './ask.ts'
import { inMemory, readCatalogue } from './catalogue.ts'
import { openModel } from './onnx.ts'

/** What modules and filters need besides columns, open: once a member. */
export interface Resources {
  /** Asks every catalogue once for all alerts of a table. */
  ask(table: AlertTable): Promise<Answered>
  models(module: Module): Predictors<Models>
  /** What one module or filter uses, in the same form. */
  versionsOf(one: Module | Filter): string
  /** What was used in which version, for the provenance of parts: `gcvs@1f2e… ia.onnx@9a8b…`; empty for nothing. */
  readonly versions: string
}

/** For plans that need nothing; catalogues that are asked all the same are unavailable. */
export const NO_RESOURCES: Resources = {
  ask: async () => NO_ANSWERS,
  models: () => ({}),
  versionsOf: () => '',
  versions: ''
}

interface From {
  /** Folder of the catalogues; null for none. */
  readonly catalogues: string | null
  /** Only snapshots from before this time; left out: the newest. */
  readonly asOf?: string | null
  readonly warn: (message: string) => void
}

/** All lookups of a plan, whoever asks. */
function lookupsOf({ modules, filters }: Plan): Lookup[] {
  const all: readonly { readonly lookups?: Lookups }[] = [...modules, ...filters]
  return all.flatMap(({ lookups = {} }) => Object.values(lookups))
}

/**
 * Opens what the modules and filters of a plan declare. A catalogue that is not there makes its lookups `unavailable`, which
 * `warn` hears once.
 * @throws UsageError for a model or a catalogue that is damaged, or has not what is asked of it.
 */
export async function openResources(plan: Plan, from: From): Promise<Resources> {
  const lookups = lookupsOf(plan)
  const questions = questionsOf(lookups)
  const opened = await openCatalogues(lookups, from)
  const models = new Map<Module, Predictors<Models>>()
  const modelsOf = new Map<Module | Filter, string[]>()
  for (const module of plan.modules) {
    const own: Record<string, Predictors<Models>[string]> = {}
    for (const [name, model] of Object.entries(module.models ?? {})) {
      const { predict, version } = await openModel(`module ${module.name}`, model)
      own[name] = predict
      modelsOf.set(module, [...(modelsOf.get(module) ?? []), `${module.name}/${name}@${version}`])
    }
    models.set(module, own)
  }
  // Asked anew each time: a catalogue that was away may be open since.
  const namesOf = (asked: Iterable<Asked>) =>
    Array.from(asked, ({ name, version }) => `${name}@${version}`)
  return {
    ask: (table) => ask(table, questions, opened),
    models: (module) => models.get(module) ?? {},
    versionsOf: (one) => {
      const names = new Set(Object.values(one.lookups ?? {}).map(({ catalogue }) => catalogue))
      const own = [...names].flatMap((name) => opened.get(name) ?? [])
      return [...namesOf(own).sort(), ...(modelsOf.get(one) ?? [])].join(' ')
    },
    get versions() {
      return [...namesOf(opened.values()), ...[...modelsOf.values()].flat()].join(' ')
    }
  }
}

async function openCatalogues(
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
