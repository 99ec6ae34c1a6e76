import { userInfo } from 'node:os'
import { InvalidArgumentError, Option } from 'commander'
import type { Command } from 'commander'
import type { ReadFrom } from '../../engine/subscribe/feed.ts'
import { subscribe } from '../../engine/subscribe/subscribe.ts'
import type { Sink, SubscribeAccount } from '../../engine/subscribe/subscribe.ts'
import { addSettings, readSettings } from '../settings/settings.ts'
import type { Settings } from '../settings/settings.ts'
import { findPlace } from './feed.ts'
import type { GivenPlaces } from './feed.ts'
import { BrokenPipe, lagText } from './print.ts'
import { Commands, openSinks, say } from './sinks.ts'
import { interruptible } from '../common/interrupt.ts'
import { amount } from '../common/terminal.ts'
import { list, wholeNumber } from '../settings/values.ts'

/** Messages that are passed over with a line each. */
const MOST_NAMED = 50

interface Flags {
  group: string
  from: ReadFrom
  follow?: boolean
  limit?: number
  fields?: string[]
  json?: boolean
  stamps?: boolean
  save?: string
  exec?: string
  lag?: boolean
}

const EXAMPLE = `
Alerts are marked as read after they were printed, saved or handed over: what was cut off comes again.
Avro keeps messages as they came, whole; all other forms have the stamps only with --stamps. Units and UCDs are in
Parquet, .ecsv (CSV that astropy and TOPCAT read), .vot (VOTable) and .fits (binary table).

Example:
  siskin subscribe --lake lake
  siskin subscribe fast-riser --brokers localhost:9092 --follow
  siskin subscribe fast-riser new-source --lake lake --json --fields object_id,mag,rate.mag_rate
  siskin subscribe fast-riser --brokers localhost:9092 --from 2026-01-10T00:00Z --save night.parquet`

export function addSubscribe(program: Command): void {
  const command = program
    .command('subscribe')
    .description('read topics, from Kafka or from a lake, going on where the last time ended')
    .argument(
      '[topics...]',
      'topics, with or without --out-prefix; without any, those there are are listed'
    )
    .addOption(
      new Option('--group <name>', 'who reads: members of one group share what there is').default(
        `siskin-subscribe-${userInfo().username}`,
        'siskin-subscribe-<user>'
      )
    )
    .addOption(
      new Option('--from <place>', 'committed (where the group ended), earliest, latest, or a time')
        .default('committed')
        .argParser(start)
    )
    .option('--follow', 'wait for more at the end')
    .option('--limit <n>', 'stop after so many alerts', wholeNumber(1, 1e9))
    .option('--json', 'print lines of JSON')
    .option(
      '--fields <names>',
      'what to print or save: a,b.c; "topic" is where it was read, "time" is mjd as a date',
      list
    )
    .option('--stamps', 'keep the stamps')
    .option(
      '--save <file>',
      'save as .avro, .parquet, .csv, .ecsv, .vot or .fits instead of printing'
    )
    .option('--exec <command>', 'run a command for each alert, JSON on its standard input')
    .option('--lag', 'say how far behind the group is, and stop')
    .addHelpText('after', EXAMPLE)
  addSettings(command, [
    'brokers',
    'kafkaUser',
    'kafkaPassword',
    'kafkaMechanism',
    'kafkaCa',
    'outPrefix',
    'refreshSeconds',
    'registryUser',
    'registryPassword',
    'lake'
  ])
  command.addOption(
    new Option('--registry <address>', 'registry or folder with the schemas of the topics').env(
      'SISKIN_REGISTRY'
    )
  )
  command.action(async (topics: string[], flags: Flags) => {
    await readTopics(topics, flags, readSettings(command), placesOf(command))
  })
}

/** Kafka is read if there are brokers, unless only the lake was named on the command line. */
function placesOf(command: Command): GivenPlaces {
  const isFlag = (name: string) => command.getOptionValueSource(name) === 'cli'
  const isUsual = command.getOptionValueSource('lake') === 'default'
  const hasConfig = command.getOptionValueSource('config') !== undefined
  return {
    hasLake: !isUsual || hasConfig,
    onlyLake: isFlag('lake') && !isFlag('brokers')
  }
}

async function readTopics(
  topics: readonly string[],
  flags: Flags,
  settings: Settings,
  places: GivenPlaces
): Promise<void> {
  const { group, from } = flags
  const isList = topics.length === 0
  const sinks = isList ? [] : await openSinks({ ...flags, several: topics.length > 1 }, settings)
  const place = await findPlace(settings, {
    topics,
    group,
    from,
    ...places,
    follow: flags.follow === true,
    registry: settings.registry,
    onNote: say
  })
  try {
    if (isList) {
      const names = await place.names()
      console.log(flags.json ? JSON.stringify(names, null, 1) : names.join('\n'))
      return
    }
    if (flags.lag) {
      const rows = await place.lag()
      console.log(flags.json ? JSON.stringify(rows, null, 1) : lagText(group, rows, place.by))
      return
    }
    const feed = await place.open()
    try {
      const account = await untilStopped((stop) =>
        subscribe({
          feed,
          sinks,
          stop,
          onUnreadable: seldom(say),
          limit: flags.limit ?? null,
          atOnce: flags.exec === undefined ? 500 : 1
        })
      )
      tell(account, sinks, flags)
    } finally {
      await feed.close()
    }
  } catch (error) {
    if (!(error instanceof BrokenPipe)) throw place.explain(error)
  }
}

/** Ctrl-C ends the reading after what is in hand; once more ends it at once. */
async function untilStopped<T>(work: (stop: AbortSignal) => Promise<T>): Promise<T> {
  const stop = interruptible()
  const broken = new AbortController()
  process.stdout.on('error', () => broken.abort()) // told where it is written
  try {
    return await work(AbortSignal.any([stop.signal, broken.signal]))
  } finally {
    stop.end()
  }
}

/** Names what is passed over, but not without end: a whole topic may be foreign. */
function seldom(tellIt: (message: string) => void): (message: string) => void {
  let told = 0
  return (message) => {
    told++
    if (told <= MOST_NAMED) tellIt(message)
    else if (told === MOST_NAMED + 1)
      tellIt('further messages that are passed over are counted only')
  }
}

function tell(
  { alerts, unreadable, copies }: SubscribeAccount,
  sinks: readonly Sink[],
  flags: Flags
): void {
  const files = sinks.flatMap((sink) => ('written' in sink ? (sink.written as string[]) : []))
  const failed = sinks.reduce((sum, sink) => sum + (sink instanceof Commands ? sink.failed : 0), 0)
  const told = [
    amount(alerts, 'alert'),
    ...(files.length > 0 ? [`saved in ${files.join(', ')}`] : []),
    ...(failed > 0 ? [`${amount(failed, 'command')} failed`] : []),
    ...(unreadable > 0 ? [`${amount(unreadable, 'message')} passed over`] : []),
    ...(copies > 0 ? [`${copies} ${copies === 1 ? 'copy' : 'copies'} left out`] : []),
    `the group ${flags.group} goes on from here`
  ]
  say(told.join('; '))
  if (failed + unreadable > 0) process.exitCode = 1
}

function start(text: string): ReadFrom {
  if (text === 'committed' || text === 'earliest' || text === 'latest') return text
  const time = Date.parse(text)
  if (Number.isNaN(time)) {
    throw new InvalidArgumentError(
      `"${text}" is neither committed, earliest, latest nor a time (ISO).`
    )
  }
  return time
}
