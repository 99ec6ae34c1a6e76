import { mkdtempSync, rmSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Option } from 'commander'
import type { Command } from 'commander'
import type { Survey } from '../../engine/contract/index.ts'
import { messageOf, SiskinError, unknownName, UsageError } from '../../engine/errors.ts'
import type { Plan } from '../../engine/enrich/plan.ts'
import { completeness } from '../../engine/inject/completeness.ts'
import type { InjectedLook } from '../../engine/inject/completeness.ts'
import { PacketFile } from '../../engine/inject/packet-file.ts'
import { observedNight } from '../../engine/inject/pattern.ts'
import { landed } from '../../engine/inject/selected.ts'
import type { Landed } from '../../engine/inject/selected.ts'
import { completenessSvg } from '../../engine/inject/svg.ts'
import { expectLake } from '../../engine/lake/expect-lake.ts'
import { nightsIn } from '../../engine/reread/alert-files.ts'
import { openStore } from '../../engine/store/open-store.ts'
import type { Store } from '../../engine/store/store.ts'
import { checkTarget } from '../../engine/subscribe/save/files.ts'
import type { ObservingPattern } from '../../simulator/index.ts'
import { INJECTABLE, Injection } from '../../simulator/index.ts'
import { parseNights } from '../common/nights.ts'
import { planFor } from '../common/registries.ts'
import { report as reportRun, runWithProgress } from '../run/run.ts'
import { addSettings, readSettings, wholeNumber } from '../settings/settings.ts'
import type { Settings } from '../settings/settings.ts'
import { injectText } from './text.ts'
import type { InjectReport } from './text.ts'

interface Flags {
  readonly class: Readonly<Record<string, number>>
  readonly likeNight: string
  readonly survey?: Survey
  readonly seed: number
  readonly svg?: string
  readonly packets?: string
  readonly json?: boolean
}

const MOST_OBJECTS = 100_000

export function addInject(program: Command): void {
  const command = program
    .command('inject')
    .description(
      'put simulated objects, marked as such, beside the real alerts of a night: how many of them does each topic find?'
    )
    .requiredOption('--class <class:n>', 'so many objects of a class, e.g. kilonova:200', classes)
    .requiredOption('--like-night <night>', 'a night of the lake: they are observed as it was')
    .addOption(
      new Option(
        '--survey <name>',
        'only of this survey (default: of all that have the night)'
      ).choices(['ztf', 'lsst'])
    )
    .option('--seed <n>', 'the same seed makes the same objects', wholeNumber(0, 2147483647), 1)
    .option('--svg <file>', 'draw what each topic found, by magnitude and by age')
    .option('--packets <dir>', 'keep the packets there, an Avro file a survey')
    .option('--json', 'print the report as one JSON object')
    .addHelpText(
      'after',
      '\nThey go the way of all packets: decoded, enriched, selected, into the lake, with "injected" true in every row. Topics get them with --with-injected only; which of them belong to a topic is in the ledger. The same call again adds nothing and prints the report again.\n\nExample:\n  siskin inject --class kilonova:200 --like-night 20260110 --lake lake --svg found.svg'
    )
  addSettings(command, [
    'lake',
    'members',
    'catalogues',
    'modules',
    'filters',
    'compressPackets',
    'withInjected',
    'partPackets',
    'partMegabytes'
  ])
  command.action(async (flags: Flags) => {
    const settings = readSettings(command)
    if (flags.svg !== undefined) await checkTarget(flags.svg, '--svg')
    if (flags.packets !== undefined) await makeFolder(flags.packets)
    const reports = await inject(flags, settings)
    console.log(
      flags.json ? JSON.stringify(reports, null, 1) : reports.map(injectText).join('\n\n')
    )
    if (flags.svg === undefined) return
    const named = reports.flatMap(({ survey, topics }) =>
      topics.map((one) => ({ ...one, class: `${survey} ${one.class}` }))
    )
    await writeFile(flags.svg, completenessSvg(`found like night ${flags.likeNight}`, named))
  })
}

/** @throws UsageError where it cannot be made. */
async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw new UsageError(`--packets ${folder} cannot be made: ${messageOf(error)}`)
  })
}

/** `kilonova:20`, given once or more often, or several with commas. */
function classes(text: string, before: Record<string, number> = {}): Record<string, number> {
  const sum = { ...before }
  for (const one of text.split(',')) {
    const [name = '', amount = ''] = one.trim().split(':')
    if (!(INJECTABLE as readonly string[]).includes(name)) {
      throw unknownName('class', name, INJECTABLE)
    }
    const objects = Number(amount)
    if (!Number.isInteger(objects) || objects < 1 || objects > MOST_OBJECTS) {
      throw new UsageError(
        `--class "${one}": write how many after a colon, ${name}:200, up to ${MOST_OBJECTS}`
      )
    }
    sum[name] = objects
  }
  return sum
}

async function inject(flags: Flags, settings: Settings): Promise<InjectReport[]> {
  const store = openStore(settings.lake)
  await expectLake(store)
  const night = nightOf(flags.likeNight)
  const reports: InjectReport[] = []
  for (const survey of await surveysOf(store, night, flags.survey)) {
    const pattern = await observedNight(store, survey, night)
    if (pattern.night.length === 0) {
      throw new UsageError(
        `night ${night} of ${survey} tells no exposure: none of its alerts has time, place, band and depth`
      )
    }
    const folder = flags.packets ?? mkdtempSync(join(tmpdir(), 'siskin-inject-'))
    try {
      reports.push(
        await injectOne(store, pattern as ObservingPattern, night, folder, flags, settings)
      )
    } finally {
      if (flags.packets === undefined) rmSync(folder, { recursive: true, force: true })
    }
    if (process.exitCode) break
  }
  return reports
}

function nightOf(text: string): number {
  const { first, last } = parseNights(text, '--like-night')
  if (first !== last) throw new UsageError(`--like-night "${text}": one night, as YYYYMMDD`)
  return first
}

/** @throws UsageError for a night that the lake does not have */
async function surveysOf(
  store: Store,
  night: number,
  asked: Survey | undefined
): Promise<readonly Survey[]> {
  const surveys: readonly Survey[] = asked ? [asked] : ['ztf', 'lsst']
  const has = new Map<Survey, readonly number[]>()
  for (const survey of surveys) has.set(survey, await nightsIn(store, survey))
  const those = surveys.filter((survey) => has.get(survey)?.includes(night))
  if (those.length > 0) return those
  const known = [...has].flatMap(([survey, nights]) =>
    nights.length > 0 ? [`${survey} ${nights[0]} to ${nights.at(-1)}`] : []
  )
  throw new UsageError(
    `--like-night ${night}: the lake ${store.root} has no alerts of it; it has ${known.join(', ') || 'none at all'}`
  )
}

async function injectOne(
  store: Store,
  pattern: ObservingPattern,
  night: number,
  folder: string,
  flags: Flags,
  settings: Settings
): Promise<InjectReport> {
  const { survey } = pattern
  const stem = `injected-${survey}-${night}-s${flags.seed}`
  const file = join(folder, `${stem}.avro`)
  const looks = writeLooks(new Injection(pattern), file, stem, flags)
  const alerts = looks.filter(({ id }) => id !== null).length
  if (alerts === 0) {
    throw new SiskinError(
      `none of ${looks.length} looks at injected objects is an alert: all are too faint for this night. Ask for more objects, or another class`
    )
  }
  const result = await runWithProgress([file], { ...settings, surveys: ['ztf', 'lsst'] })
  const code = reportRun(result, settings)
  if (code !== 0) process.exitCode = code
  const source = result.sources[0]!
  const { filters } = planFor(settings)
  const names = filters.map(({ name }) => name)
  const { alerts: there, topics, versions } = await landed(store, source, names)
  if (there < alerts) {
    console.error(`siskin: only ${there} of ${alerts} injected alerts are in the lake`)
  }
  tellOthers(filters, versions)
  return {
    survey,
    night,
    source,
    looks: looks.length,
    alerts,
    topics: completeness(looks, topics)
  }
}

/** What was injected before is not asked again: the report is of the filters of then. */
function tellOthers(filters: Plan['filters'], versions: Landed['versions']): void {
  const others = filters.flatMap(({ name, version }) => {
    const asked = [...(versions.get(name) ?? [])].filter((own) => own !== version)
    return asked.length > 0 ? [`${name} ${asked.map((own) => own ?? 'not asked').join(', ')}`] : []
  })
  if (others.length === 0) return
  console.error(
    `siskin: some of these alerts were injected before, when filters were others (${others.join('; ')}): the report is of then, with another --seed it is of now`
  )
}

function writeLooks(
  injection: Injection,
  path: string,
  name: string,
  flags: Flags
): InjectedLook[] {
  const file = new PacketFile(path, name, injection.schema)
  const looks: InjectedLook[] = []
  try {
    for (const { alert, ...look } of injection.looks(flags.class, flags.seed)) {
      if (alert) file.add(alert.datum)
      looks.push({ ...look, id: alert ? String(alert.id) : null })
    }
  } finally {
    file.close()
  }
  return looks
}
