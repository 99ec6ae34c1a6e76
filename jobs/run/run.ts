import { availableParallelism } from 'node:os'
import type { Command } from 'commander'
import { Notes } from '../../engine/consume/notes.ts'
import { run } from '../../engine/run/run.ts'
import type { Progress, RunResult } from '../../engine/run/run.ts'
import { crashPoint } from '../common/crash-point.ts'
import { isGuarded } from './guard.ts'
import { interruptible } from '../common/interrupt.ts'
import { overLake } from '../common/next.ts'
import { planFor } from '../common/registries.ts'
import { addSettings, readSettings } from '../settings/settings.ts'
import type { Settings } from '../settings/settings.ts'
import { listOf, runJson, runSummary } from './summary.ts'
import { amount, bar, count, duration, ProgressLine, size } from '../common/terminal.ts'

export function addRun(program: Command): void {
  const command = program
    .command('run')
    .description('process archives, folders or packet files into a lake and topics')
    .argument(
      '<source...>',
      '.tar.gz or .tar nightly archives, .avro or .confluent files, folders; here, at hdfs://…, files also at https://… (of a server that gives ranges)'
    )
    .option(
      '--replace',
      'begin a folder anew as another source where files that were taken in changed or are gone'
    )
    .option('--json', 'print the account as one JSON object')
    .addHelpText(
      'after',
      '\nExample:\n  siskin run ztf_public_20260110.tar.gz --lake lake\n  siskin run lsst/ --lake lake --schemas lsst/schemas'
    )
  addSettings(command, [
    'lake',
    'members',
    'schemas',
    'catalogues',
    'modules',
    'filters',
    'surveys',
    'duplicateNights',
    'compressPackets',
    'withInjected',
    'partPackets',
    'partMegabytes'
  ])
  command.action(async (sources: string[], options: { json?: boolean; replace?: boolean }) => {
    const settings = readSettings(command)
    const result = await runWithProgress(sources, settings, options.replace === true)
    if (options.json) console.log(JSON.stringify(runJson(result), null, 1))
    else console.log(runSummary(result, settings.lake))
    process.exitCode = report(result, settings)
  })
}

/** What a run did, and which files it passed over. */
export interface TakenIn extends RunResult {
  readonly skipped: number
  readonly skippedText: string | null
}

/** `siskin run` without the summary: for the commands that go on from there. */
export async function runWithProgress(
  sources: readonly string[],
  settings: Settings,
  replace = false
): Promise<TakenIn> {
  const line = new ProgressLine(process.stderr)
  const notes = new Notes((text) => line.say(`info: ${text}`))
  const stop = interruptible(() =>
    line.say('stopping after the parts in work; once more to stop at once')
  )
  const started = performance.now()
  try {
    const { partPackets, partMegabytes, ...rest } = settings
    const result = await run({
      ...rest,
      members: settings.members ?? availableParallelism(),
      sources,
      replace,
      notes,
      plan: planFor(settings, (text) => line.say(`info: ${text}`)),
      cut: { packets: partPackets, bytes: partMegabytes * 1024 * 1024 },
      memberProgram: new URL('./member.ts', import.meta.url),
      command: `siskin run ${sources.join(' ')}`,
      signal: stop.signal,
      crash: crashPoint(),
      isGuarded: isGuarded(),
      onProgress: (progress) => line.update(() => progressText(progress, started)),
      onLog: (level, message) => line.say(`${level}: ${message}`)
    })
    return { ...result, skipped: notes.skipped, skippedText: notes.skippedText }
  } finally {
    line.clear()
    stop.end()
  }
}

function progressText({ bytesRead, bytesTotal, tally }: Progress, started: number): string {
  const seconds = (performance.now() - started) / 1000
  const fraction = bytesTotal > 0 ? bytesRead / bytesTotal : 0
  const left = fraction > 0.01 ? ` · ${duration((seconds * (1 - fraction)) / fraction)} left` : ''
  return (
    `${bar(fraction)} ${(fraction * 100).toFixed(0)} % · ${amount(tally.alerts, 'alert')}` +
    ` · ${count(tally.alerts / seconds)}/s · ${size(bytesRead)} of ${size(bytesTotal)}` +
    ` · ${count(tally.quarantinedTotal)} quarantined${left}`
  )
}

/**
 * Tells what was skipped, damage, and schemas that were not given, on stderr; returns the exit code: 1
 * where a source broke off, or of all that came nothing could be decoded.
 */
export function report(result: TakenIn, settings: Settings): number {
  if (result.skippedText !== null) console.error(`siskin: ${result.skippedText}`)
  const strangers = result.tally.quarantined['unknown-schema'] ?? 0
  if (strangers > 0 && settings.schemas === null) {
    console.error(
      `siskin: in quarantine are ${amount(strangers, 'packet')} that came without their writer schema: ` +
        `${overLake('siskin requeue', settings)} with --schemas (a folder of <id>.avsc, or a registry) makes alerts of what can be decoded then`
    )
  }
  for (const damage of result.damage) {
    console.error(`siskin: ${damage.message}; all before it is in the lake`)
  }
  for (const packet of result.stuck) {
    console.error(`siskin: ${packet}: it is in no part; all others are`)
  }
  const { received, alerts, duplicates } = result.tally
  const isInVain = received > 0 && alerts + duplicates === 0
  if (isInVain) {
    console.error(
      `siskin: none of ${amount(received, 'packet')} could be decoded (${listOf(result.tally.quarantined)}): ` +
        'siskin inspect says what is in a file'
    )
  }
  return result.damage.length + result.stuck.length > 0 || isInVain
    ? 1
    : result.interrupted
      ? 130
      : 0
}
