import type { Command } from 'commander'
import { UsageError } from '../../engine/errors.ts'
import { openResources } from '../../engine/resources/resources.ts'
import { filesAt } from '../../engine/store/files.ts'
import { openStore } from '../../engine/store/open-store.ts'
import type { Store } from '../../engine/store/store.ts'
import { expectAbandonable } from '../../engine/repair/abandon.ts'
import { ArchiveInput } from '../../engine/repair/inputs/archive-input.ts'
import type { KafkaInput } from '../../engine/repair/inputs/kafka-input.ts'
import { RepairMaker } from '../../engine/repair/maker.ts'
import type { GapPublisher } from '../../engine/repair/publish-gap.ts'
import { repair } from '../../engine/repair/repair.ts'
import type { Outcome, Repaired } from '../../engine/repair/repair.ts'
import type { RepairStep } from '../../engine/repair/step.ts'
import { Claims } from '../../engine/repair/workshop.ts'
import type { Workshop } from '../../engine/repair/workshop.ts'
import { confirm, crashAt } from './ask.ts'
import { planFor } from '../common/registries.ts'
import { addSettings, readSettings } from '../settings/settings.ts'
import type { Settings } from '../settings/settings.ts'
import { amount } from '../common/terminal.ts'
import { KAFKA_SETTINGS, verifyLake } from '../verify/verify.ts'
import { verdictText } from '../verify/text.ts'
import type { LakeVerdict } from '../verify/text.ts'

interface Options {
  readonly deep?: boolean
  readonly json?: boolean
  readonly yes?: boolean
  readonly publish?: boolean
  readonly source?: readonly string[]
  readonly abandon?: readonly string[]
}

export function addRepair(program: Command): void {
  const command = program
    .command('repair')
    .description('mend what verify names: make parts again, fill gaps, move foreign files aside')
    .option(
      '--source <path...>',
      'archives and folders that the lake was filled from, where they lie now'
    )
    .option(
      '--abandon <names...>',
      'give up what is missing of these sources, as the lake calls them: their archives are gone for ever'
    )
    .option('--deep', 'look for what every byte tells, as verify --deep does')
    .option('--publish', 'selected alerts of refilled gaps go to Kafka’s topics, once')
    .option('--yes', 'do it without asking')
    .option('--json', 'print plan, outcome and verdict as one JSON object')
    .addHelpText(
      'after',
      '\nIt says what it will do and asks. What is moved aside lies in _siskin/foreign; nothing is thrown away but what was never committed. A run that was killed is gone on with by the next.\n\nExamples:\n  siskin repair --lake lake --source ztf_public_20260110.tar.gz\n  siskin repair --lake lake --abandon night-4d92d04c11aa\n  siskin repair --lake swebhdfs://namenode:9871/siskin --brokers localhost:9092 --publish --yes'
    )
  addSettings(command, [
    'lake',
    'schemas',
    'catalogues',
    'modules',
    'filters',
    'surveys',
    'compressPackets',
    ...KAFKA_SETTINGS,
    'outPartitions',
    'outReplication',
    'outRegistry'
  ])
  command.action(async (options: Options) => {
    const settings = readSettings(command)
    const repaired = await repairLake(settings, options)
    if (options.json) console.log(JSON.stringify(repaired, null, 1))
    else console.log(repairText(repaired, settings.lake))
    process.exitCode = repaired.verdict.ok ? 0 : 1
  })
}

/** It may not be needed, and a slip is to be heard of all the same. */
async function expectSource(place: string): Promise<void> {
  if (await filesAt(place).info(place)) return
  throw new UsageError(`--source "${place}": no such file or folder`)
}

async function repairLake(settings: Settings, options: Options): Promise<Repaired<LakeVerdict>> {
  const { lake, brokers } = settings
  const { deep = false, json = false, yes = false, publish = false, source = [] } = options
  const { abandon = [] } = options
  if (publish && brokers.length === 0)
    throw new UsageError('--publish: say where Kafka is with --brokers')
  for (const place of source) await expectSource(place)
  const store = openStore(lake)
  await expectAbandonable(store, abandon)
  const lookAt = brokers.length > 0 ? (await import('../verify/kafka.ts')).lookAt : null
  const opened = await openWorkshop(store, settings, source, publish)
  const say = (text: string) => void (json ? null : console.log(text))
  try {
    const repaired = await repair({
      shop: opened.shop,
      abandon,
      look: (onFinding) => verifyLake(lake, deep, lookAt?.(settings, deep), undefined, onFinding),
      agree: (steps) => agree(steps, yes, say),
      onOutcome: (outcome) => say(outcomeText(outcome))
    })
    for (const place of opened.shop.archives.unused) {
      console.error(
        `siskin: --source ${place} was not needed: the lake itself has what was mended, or nothing of it came from there`
      )
    }
    return repaired
  } finally {
    await opened.close()
  }
}

interface Opened {
  readonly shop: Workshop
  readonly close: () => Promise<void>
}

async function openWorkshop(
  store: Store,
  settings: Settings,
  given: readonly string[],
  publish: boolean
): Promise<Opened> {
  const { surveys, schemas, catalogues, compressPackets } = settings
  const warn = (message: string) => console.error(`siskin: ${message}`)
  const plan = planFor(settings, warn)
  const resources = await openResources(plan, { catalogues, warn })
  const claims = new Claims(store, `siskin repair --lake ${store.root}`)
  const kafka = settings.brokers.length > 0 ? await import('./kafka.ts') : null
  const { input, marks, publisher } =
    (await kafka?.openKafkaSide(store, settings, plan, publish)) ?? NO_KAFKA
  const shop = {
    store,
    maker: new RepairMaker(store, {
      plan,
      surveys,
      schemas,
      resources,
      compressPackets,
      warn
    }),
    archives: new ArchiveInput(store, given),
    kafka: input,
    marks,
    publisher,
    claims,
    onStep: crashAt
  }
  const close = async () => {
    await claims.release()
    await publisher?.close()
    await input?.close()
  }
  return { shop, close }
}

const NO_KAFKA: {
  input: KafkaInput | null
  marks: Workshop['marks']
  publisher: GapPublisher | null
} = {
  input: null,
  marks: null,
  publisher: null
}

/** Shows the plan. On a terminal a person says yes, elsewhere the command did. */
async function agree(
  steps: readonly RepairStep[],
  yes: boolean,
  say: (text: string) => void
): Promise<boolean> {
  for (const [i, { what, how, why }] of steps.entries()) {
    say(`${i + 1}. ${what}`)
    say(how === null ? `   cannot be mended: ${why}` : `   ${how}`)
  }
  return yes || confirm()
}

function outcomeText({ what, done, why }: Outcome): string {
  return done === null ? `not done: ${what}: ${why}` : `done: ${done} (found: ${what})`
}

function repairText({ outcomes, isRefused, verdict }: Repaired<LakeVerdict>, lake: string): string {
  const done = outcomes.filter((outcome) => outcome.done !== null).length
  const head = isRefused
    ? 'nothing of it was done: say --yes'
    : outcomes.length === 0
      ? 'nothing to repair'
      : `${amount(done, 'thing')} mended, ${outcomes.length - done} not`
  return `\n${head}\n${verdictText(verdict, lake)}`
}
