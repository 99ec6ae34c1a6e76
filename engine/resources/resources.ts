import type { Filter, Lookup, Lookups, Module, Predictors, Models } from '../contract/index.ts'
import type { Plan } from '../enrich/plan.ts'
import { NO_ANSWERS } from '../table/answers.ts'
import type { Answered } from '../table/answers.ts'
import type { AlertTable } from '../table/table.ts'
import { ask } from './ask.ts'
import type { Catalogue } from './catalogue.ts'
import { openModel } from './onnx.ts'

/** What modules and filters need besides columns, open: once a member. */
export interface Resources {
  /** Asks every catalogue once for all alerts of a table. */
  ask(table: AlertTable): Answered
  models(module: Module): Predictors<Models>
  /** What one module or filter uses, in the same form. */
  versionsOf(one: Module | Filter): string
  /** What was used in which version, for the provenance of parts: `gcvs@1f2e… ia.onnx@9a8b…`; empty for nothing. */
  readonly versions: string
}

/** For plans that need nothing; catalogues that are asked all the same are unavailable. */
export const NO_RESOURCES: Resources = {
  ask: () => NO_ANSWERS,
  models: () => ({}),
  versionsOf: () => '',
  versions: ''
}

interface From {
  /** Folder of the catalogues; null for none. */
  readonly catalogues: string | null
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
export async function openResources(plan: Plan, { catalogues, warn }: From): Promise<Resources> {
  const opened = await openCatalogues(lookupsOf(plan), catalogues, warn)
  const models = new Map<Module, Predictors<Models>>()
  const nameOf = ({ name, version }: Catalogue) => `${name}@${version}`
  const versions = [...opened.values()].map(nameOf)
  const modelsOf = new Map<Module | Filter, string[]>()
  for (const module of plan.modules) {
    const own: Record<string, Predictors<Models>[string]> = {}
    for (const [name, model] of Object.entries(module.models ?? {})) {
      const { predict, version } = await openModel(`module ${module.name}`, model)
      own[name] = predict
      versions.push(`${module.name}/${name}@${version}`)
      modelsOf.set(module, [...(modelsOf.get(module) ?? []), versions.at(-1)!])
    }
    models.set(module, own)
  }
  return {
    ask: (table) => ask(table, opened),
    models: (module) => models.get(module) ?? {},
    versionsOf: (one) => {
      const names = new Set(Object.values(one.lookups ?? {}).map(({ catalogue }) => catalogue))
      const own = [...names].flatMap((name) => {
        const catalogue = opened.get(name)
        return catalogue ? [nameOf(catalogue)] : []
      })
      return [...own.sort(), ...(modelsOf.get(one) ?? [])].join(' ')
    },
    versions: versions.join(' ')
  }
}

async function openCatalogues(
  lookups: readonly Lookup[],
  folder: string | null,
  warn: (message: string) => void
): Promise<Map<string, Catalogue>> {
  const opened = new Map<string, Catalogue>()
  for (const [name, asking] of Map.groupBy(lookups, ({ catalogue }) => catalogue)) {
    const asked = asking.flatMap(({ columns }) => Object.values(columns))
    const catalogue =
      folder === null
        ? null
        : await (await import('./catalogue.ts')).readCatalogue(folder, name, asked, warn)
    if (catalogue) opened.set(name, catalogue)
    else {
      const where = folder === null ? 'say where it is with --catalogues' : `not in ${folder}`
      warn(`catalogue ${name} is not there (${where}): what asks it gets "unavailable"`)
    }
  }
  return opened
}
