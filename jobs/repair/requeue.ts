import type { Command } from 'commander'
import { Option } from 'commander'
import { openResources } from '../../engine/resources/resources.ts'
import { openStore } from '../../engine/store/open-store.ts'
import { unknownName } from '../../engine/errors.ts'
import { REASONS } from '../../engine/reasons.ts'
import type { Reason } from '../../engine/reasons.ts'
import { RepairMaker } from '../../engine/repair/maker.ts'
import { requeue } from '../../engine/repair/requeue.ts'
import type { Requeue, Requeued } from '../../engine/repair/requeue.ts'
import { Claims } from '../../engine/repair/workshop.ts'
import { confirm, crashAt } from './ask.ts'
import { planFor } from '../common/registries.ts'
import { addSettings, readSettings } from '../settings/settings.ts'
import type { Settings } from '../settings/settings.ts'
import { listOf } from '../run/summary.ts'
import { amount, count } from '../common/terminal.ts'
import { list } from '../settings/values.ts'
import { expectLake } from '../../engine/lake/expect-lake.ts'

interface Options {
  readonly reason?: readonly Reason[]
  readonly source?: readonly string[]
  readonly yes?: boolean
  readonly json?: boolean
}

export function addRequeue(program: Command): void {
  const command = program
    .command('requeue')
    .description('try the packets of quarantine again, with the code and the schemas of now')
    .addOption(
      new Option('--reason <codes>', 'only those that are there for these (a,b,c)').argParser(
        reasons
      )
    )
    .option('--source <names...>', 'only of these sources, as the lake calls them')
    .option('--yes', 'do it without asking')
    .option('--json', 'print what came of it as one JSON object')
    .addHelpText(
      'after',
      '\nThose that decode become alerts of parts of their own, and topic files of the lake; the others stay. Nothing is taken twice, however often it is done.\n\nExample:\n  siskin requeue --lake lake --schemas lsst/schemas --reason unknown-schema'
    )
  addSettings(command, [
    'lake',
    'schemas',
    'catalogues',
    'modules',
    'filters',
    'surveys',
    'compressPackets'
  ])
  command.action(async (options: Options) => {
    const requeued = await requeueLake(readSettings(command), options)
    if (options.json) console.log(JSON.stringify(requeued, null, 1))
    else console.log(requeueText(requeued))
    for (const failure of requeued.failures) console.error(`siskin: ${failure}`)
    process.exitCode = requeued.failures.length > 0 || requeued.isRefused ? 1 : 0
  })
}

function reasons(text: string): Reason[] {
  const names = list(text)
  for (const name of names) {
    if (name in REASONS) continue
    throw unknownName('reason', name, Object.keys(REASONS))
  }
  return names as Reason[]
}

async function requeueLake(settings: Settings, options: Options): Promise<Requeued> {
  const { lake, surveys, schemas, catalogues, compressPackets } = settings
  const { reason = null, source = null, yes = false, json = false } = options
  const store = openStore(lake)
  await expectLake(store)
  const warn = (message: string) => console.error(`siskin: ${message}`)
  const plan = planFor(settings, warn)
  const resources = await openResources(plan, { catalogues, warn })
  const claims = new Claims(store, `siskin requeue --lake ${lake}`)
  try {
    return await requeue({
      store,
      maker: new RepairMaker(store, {
        plan,
        surveys,
        schemas,
        resources,
        compressPackets,
        warn
      }),
      claims,
      warn,
      onStep: crashAt,
      reasons: reason,
      sources: source,
      agree: async (found) => {
        if (!json) console.log(foundText(found))
        return yes || confirm()
      }
    })
  } finally {
    await claims.release()
  }
}

function foundText({ held, freed }: Requeue): string {
  const packets = Object.values(freed).reduce((sum, own) => sum + own, 0)
  return `of ${amount(held, 'packet')} in quarantine ${count(packets)} can be decoded now: ${listOf(freed)}`
}

function requeueText(requeued: Requeued): string {
  const { held, freed, parts, alerts, duplicates, isRefused } = requeued
  if (isRefused) return 'nothing was done: say --yes'
  if (held === 0) return 'nothing to do: no packet is in quarantine'
  if (Object.keys(freed).length === 0) {
    return `nothing to do: none of ${amount(held, 'packet')} in quarantine decodes now`
  }
  const copies = duplicates > 0 ? `, ${amount(duplicates, 'duplicate')}` : ''
  return `${amount(alerts, 'alert')} in ${amount(parts, 'part')}${copies}`
}
