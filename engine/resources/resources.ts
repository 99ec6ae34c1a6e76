import type { Filter, Lookup, Lookups, Module, Predictors, Models } from '../contract/index.ts'
import type { Plan } from '../enrich/plan.ts'
import { faultOf } from '../catalogues/fault.ts'
import { NO_ANSWERS } from '../table/answers.ts'
import type { Answered } from '../table/answers.ts'
import type { AlertTable } from '../table/table.ts'
import type { Asked } from '../catalogues/asked.ts'
import { ask, questionsOf } from './ask.ts'
import type { From } from './open-catalogues.ts'
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
  const opened = lookups.length > 0 ? await openCatalogues(lookups, from) : new Map<string, Asked>()
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
  const told = new Set<string>()
  const onFault = (name: string, error: unknown) => {
    const message = `${faultOf(name, error)}: what asks it gets "unavailable"`
    if (!told.has(message)) from.warn(message)
    told.add(message)
  }
  // Asked anew each time: a catalogue that was away may be open since.
  const namesOf = (asked: Iterable<Asked>) =>
    Array.from(asked, ({ name, version }) => `${name}@${version}`)
  return {
    ask: (table) => ask(table, questions, { catalogues: opened, onFault }),
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

/** What reads catalogues is loaded by those alone who ask one. */
async function openCatalogues(lookups: readonly Lookup[], from: From): Promise<Map<string, Asked>> {
  return (await import('./open-catalogues.ts')).openCatalogues(lookups, from)
}
