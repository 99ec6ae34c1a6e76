import { userInfo } from 'node:os'
import { InvalidArgumentError, Option } from 'commander'
import type { Command } from 'commander'
import { UsageError } from '../engine/errors.ts'
import type { Alert } from '../engine/subscribe/alert.ts'
import { alertIdOf, objectIdOf } from '../engine/subscribe/alert.ts'
import { execFor } from '../engine/subscribe/exec.ts'
import type { Start } from '../engine/subscribe/feed.ts'
import { checkTarget } from '../engine/subscribe/files.ts'
import { jsonOf } from '../engine/subscribe/json.ts'
import { AvroFile } from '../engine/subscribe/save-avro.ts'
import { ParquetFile } from '../engine/subscribe/save-parquet.ts'
import { subscribe } from '../engine/subscribe/subscribe.ts'
import type { Sink, SubscribeAccount } from '../engine/subscribe/subscribe.ts'
import { pickFilters } from './registries.ts'
import { addSettings, readSettings } from './settings.ts'
import type { Settings } from './settings.ts'
import { findPlace } from './subscribe-feed.ts'
import type { GivenPlaces } from './subscribe-feed.ts'
import { BrokenPipe, JsonPrinter, lagText, TablePrinter } from './subscribe-print.ts'
import { count } from './terminal.ts'
import { list, wholeNumber } from './values.ts'

interface Flags {
  group: string
  from: Start
  follow?: boolean
  limit?: number
  fields?: string[]
  json?: boolean
  stamps?: boolean
  save?: string
  exec?: string
  registry?: string
  lag?: boolean
}

const EXAMPLE = `
Alerts are marked as read after they were printed, saved or handed over: what was cut off comes again.
Avro keeps messages as they came; JSON and Parquet have the stamps only with --stamps.

Example:
  siskin subscribe fast-riser --brokers localhost:9092 --follow
  siskin subscribe fast-riser new-source --lake lake --json --fields object_id,mag,rate.mag_rate
  siskin subscribe fast-riser --brokers localhost:9092 --from 2026-01-10T00:00Z --save night.parquet`

export function addSubscribe(program: Command): void {
  const command = program
    .command('subscribe')
    .description('read topics, from Kafka or from a lake, going on where the last time ended')
    .argument('<topics...>', 'topics, with or without --out-prefix')
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
    .option('--fields <names>', 'what to print: a,b.c; "time" is mjd as a date', list)
    .option('--stamps', 'keep the stamps')
    .option('--save <file>', 'save as .avro or .parquet instead of printing')
    .option('--exec <command>', 'run a command for each alert, JSON on its standard input')
    .option('--registry <address>', 'registry or folder with the schemas of the topics')
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
    'lake'
  ])
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
  const sinks = await openSinks(flags, settings)
  const place = await findPlace(settings, {
    topics,
    group,
    from,
    ...places,
    follow: flags.follow === true,
    registry: flags.registry ?? null,
    onNote: say
  })
  try {
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
          onUnreadable: say,
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
  const stop = new AbortController()
  const onSignal = () => {
    if (stop.signal.aborted) process.exit(130)
    stop.abort()
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  process.stdout.on('error', () => stop.abort()) // told where it is written
  try {
    return await work(stop.signal)
  } finally {
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
  }
}

async function openSinks(flags: Flags, settings: Settings): Promise<Sink[]> {
  const { save, exec, json, stamps = false, fields = null } = flags
  const sinks: Sink[] = []
  if (json) sinks.push(new JsonPrinter({ fields, stamps }))
  else if (save === undefined && exec === undefined) {
    sinks.push(new TablePrinter(fields, columnsOfFilter(settings.outPrefix)))
  }
  if (save !== undefined) sinks.push(await openFile(save, stamps))
  if (exec !== undefined) sinks.push(new Commands(exec, stamps))
  return sinks
}

async function openFile(path: string, stamps: boolean): Promise<AvroFile | ParquetFile> {
  await checkTarget(path)
  if (path.endsWith('.avro')) return new AvroFile(path)
  if (path.endsWith('.parquet')) return new ParquetFile(path, stamps)
  throw new UsageError(`--save ${path}: the name must end in .avro or .parquet`)
}

/** What modules say and a topic's filter decides by. */
function columnsOfFilter(prefix: string): (topic: string) => string[] {
  const filters = pickFilters(null)
  return (topic) => {
    const filter = filters.find((own) => topic === own.topic || topic === prefix + own.topic)
    if (!filter) return []
    const needs = [filter.requires, ...Object.values(filter.uses).map(({ requires }) => requires)]
    const columns = needs.flatMap((own) => Object.values(own).map(({ column }) => column))
    return columns.filter((name) => name.includes('.') && !/^(ztf|lsst)\./.test(name)).slice(0, 4)
  }
}

/** Hands each alert to a command. */
class Commands implements Sink {
  readonly isSettled = true
  readonly #command: string
  readonly #stamps: boolean
  failed = 0

  constructor(command: string, stamps: boolean) {
    this.#command = command
    this.#stamps = stamps
  }

  async take(alerts: readonly Alert[]): Promise<void> {
    for (const alert of alerts) {
      const json = jsonOf(alert, { fields: null, stamps: this.#stamps })
      const ending = await execFor(alert, this.#command, json)
      if (ending === null) continue
      this.failed++
      say(`alert ${alertIdOf(alert)} of ${objectIdOf(alert)}: the command ${ending}`)
    }
  }

  async close(): Promise<void> {}
}

function tell(
  { alerts, unreadable, copies }: SubscribeAccount,
  sinks: readonly Sink[],
  flags: Flags
): void {
  const files = sinks.flatMap((sink) => ('written' in sink ? (sink.written as string[]) : []))
  const failed = sinks.reduce((sum, sink) => sum + (sink instanceof Commands ? sink.failed : 0), 0)
  const told = [
    alerts === 1 ? '1 alert' : `${count(alerts)} alerts`,
    ...(files.length > 0 ? [`saved in ${files.join(', ')}`] : []),
    ...(failed > 0 ? [`${count(failed)} commands failed`] : []),
    ...(copies > 0 ? [`${count(copies)} copies left out`] : []),
    ...(unreadable > 0 ? [`${count(unreadable)} messages could not be read`] : []),
    `the group ${flags.group} goes on from here`
  ]
  say(told.join('; '))
  if (failed + unreadable > 0) process.exitCode = 1
}

function say(message: string): void {
  console.error(`siskin: ${message}`)
}

function start(text: string): Start {
  if (text === 'committed' || text === 'earliest' || text === 'latest') return text
  const time = Date.parse(text)
  if (Number.isNaN(time)) {
    throw new InvalidArgumentError(
      `"${text}" is neither committed, earliest, latest nor a time (ISO).`
    )
  }
  return time
}
