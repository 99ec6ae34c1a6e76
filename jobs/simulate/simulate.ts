import { InvalidArgumentError, Option } from 'commander'
import type { Command } from 'commander'
import { UsageError } from '../../engine/errors.ts'
import type { Progress, SimulateOptions, Stamps, Summary } from '../../simulator/index.ts'
import { REPLAY_NAMES } from '../settings/replay.ts'
import { addSettings, readSettings, wholeNumber } from '../settings/settings.ts'
import { word } from '../../engine/store/lake-flags.ts'
import { schemaFlags } from '../common/next.ts'
import { Interrupted, interruptible } from '../common/interrupt.ts'
import { amount, bar, count, duration, ProgressLine, size, table } from '../common/terminal.ts'

/** What is simulated, wherever it goes. */
export type LiveOptions = Omit<SimulateOptions, 'out'>

export interface SimulateFlags {
  survey: 'ztf' | 'lsst'
  nights: number
  start: string
  seed: number
  scale?: number
  out?: string
  to?: 'kafka'
  truth?: string
  schemasOut: string
  schema?: string
  inject?: Record<string, number>
  corrupt: number
  duplicates: number
  late: number
  schemaChange?: boolean
  stamps: Stamps
  members: number
  json?: boolean
}

const number = (text: string) => {
  const value = Number(text)
  if (text.trim() === '' || Number.isNaN(value)) {
    throw new InvalidArgumentError(`"${text}" is no number.`)
  }
  return value
}

/** `kilonova:20`, given once or more often. */
function inject(text: string, before: Record<string, number> = {}): Record<string, number> {
  const [name = '', amount = '1'] = text.split(':')
  return { ...before, [name]: number(amount) }
}

export function addSimulate(program: Command): void {
  const command = program
    .command('simulate')
    .description('make nights of alerts with known truth, in the survey’s own form')
    .addOption(
      new Option('--survey <name>', 'whose alerts').choices(['ztf', 'lsst']).default('ztf')
    )
    .option('--nights <n>', 'how many nights, one archive each', wholeNumber(1, 3660), 1)
    .option('--start <date>', 'first night, YYYY-MM-DD', '2026-01-10')
    .option('--seed <n>', 'the same seed makes the same bytes', number, 1)
    .option('--scale <x>', 'of the survey’s rate; 1 is a whole night', number)
    .option('--out <file>', 'the archive: .tar.gz or .tar; several nights put their date in')
    .addOption(
      new Option('--to <place>', 'publish the packets to Kafka as they are made').choices(['kafka'])
    )
    .option('--truth <file>', 'with --to kafka: where the truth table goes (.parquet)')
    .option(
      '--schemas-out <dir>',
      'with --to kafka: folder for the writer schemas of LSST packets',
      'siskin-data/schemas'
    )
    .option('--schema <version>', 'ztf 3.3 or 4.02, lsst 10.0 or 11.0')
    .option('--inject <class:n>', 'extra objects of a class, e.g. kilonova:20', inject)
    .option('--corrupt <share>', 'share of packets damaged', number, 0)
    .option('--duplicates <share>', 'share of packets sent twice', number, 0)
    .option('--late <share>', 'share of packets sent out of order', number, 0)
    .option('--schema-change', 'another schema version from mid-night on')
    .addOption(
      new Option('--stamps <kind>', 'pictures in the packets')
        .choices(['none', 'shared', 'full'])
        .default('shared')
    )
    .option(
      '--members <n>',
      'threads that work; the bytes do not depend on it',
      wholeNumber(1, 64),
      1
    )
    .option('--json', 'print the account as one JSON object')
    .addHelpText(
      'after',
      '\nExample:\n  siskin simulate --survey ztf --nights 3 --start 2026-01-10 --seed 7 --scale 0.05 --out night.tar.gz\n  siskin simulate --survey lsst --scale 0.01 --to kafka --brokers localhost:9092 --like lsst'
    )
  addSettings(command, REPLAY_NAMES)
  command.action(async (flags: SimulateFlags) => {
    if (flags.to) {
      if (flags.out !== undefined) {
        throw new UsageError(
          '--out and --to kafka: choose one; an archive can be sent with siskin replay'
        )
      }
      const { publishSimulated } = await import('./live.ts')
      return publishSimulated(readSettings(command), flags, liveOptionsOf(flags))
    }
    if (flags.truth !== undefined) {
      throw new UsageError('--truth goes with --to kafka; an archive has its truth beside it')
    }
    const started = performance.now()
    const summary = await simulateWithProgress(optionsOf(flags))
    const seconds = (performance.now() - started) / 1000
    console.log(flags.json ? JSON.stringify(summary, null, 1) : summaryText(summary, seconds))
  })
}

/** What the simulator is asked for; the flags of Kafka stay behind. @throws UsageError without an archive. */
function optionsOf(flags: SimulateFlags): SimulateOptions {
  if (flags.out === undefined) {
    throw new UsageError('say where the packets go: --out night.tar.gz, or --to kafka')
  }
  return { ...liveOptionsOf(flags), out: flags.out }
}

function liveOptionsOf(flags: SimulateFlags): LiveOptions {
  const { survey, nights, start, seed, corrupt, duplicates, late, stamps } = flags
  const { members, scale, schema, inject: extra, schemaChange } = flags
  return {
    survey,
    nights,
    start,
    seed,
    corrupt,
    duplicates,
    late,
    stamps,
    processes: members,
    schemaChange: schemaChange === true,
    ...(scale === undefined ? {} : { scale }),
    ...(schema === undefined ? {} : { schema }),
    ...(extra === undefined ? {} : { inject: extra })
  }
}

/** Simulates with a progress line; Ctrl-C leaves no half archive behind. */
export async function simulateWithProgress(options: SimulateOptions): Promise<Summary> {
  const line = new ProgressLine(process.stderr)
  const stop = interruptible()
  const started = performance.now()
  try {
    const { simulate } = await import('../../simulator/index.ts')
    return await simulate({
      ...options,
      signal: stop.signal,
      onProgress: (progress) => line.update(() => progressText(progress, started))
    })
  } catch (error) {
    if (!stop.signal.aborted) throw error
    throw new Interrupted('told to stop: the night in work is not written', 1, { cause: error })
  } finally {
    line.clear()
    stop.end()
  }
}

function progressText(
  { night, nights, packets, bytes, expected }: Progress,
  started: number
): string {
  const seconds = (performance.now() - started) / 1000
  return (
    `${bar(packets / Math.max(1, expected))} night ${night} of ${nights} · ${amount(packets, 'packet')}` +
    ` · ${count(packets / seconds)}/s · ${size(bytes)}`
  )
}

function summaryText(summary: Summary, seconds: number): string {
  const rows = Object.entries(summary.byClass)
    .sort(([, a], [, b]) => b - a)
    .map(([name, alerts]) => [name, count(alerts)])
  return [
    `${amount(summary.packets, 'packet')} in ${duration(seconds)}: ${count(summary.packets / seconds)}/s, ${size(summary.bytes)}`,
    `damaged ${count(summary.corrupted)}, sent twice ${count(summary.duplicates)}, late ${count(summary.late)}`,
    table(rows),
    `archives  ${summary.archives.join(' ')}`,
    `truth     ${summary.truths.join(' ')}`,
    ...(summary.schemas ? [`schemas   ${summary.schemas}`] : []),
    `next      siskin run ${summary.archives.map(word).join(' ')} ${schemaFlags(summary.schemas)}`.trimEnd()
  ].join('\n')
}
