import { availableParallelism } from 'node:os'
import { InvalidArgumentError, Option } from 'commander'
import type { Command } from 'commander'
import { closeNights, nightsOfLake } from '../../engine/close/close.ts'
import type { ClosedNight, CloseProgress, ClosingNight } from '../../engine/close/close.ts'
import type { Survey } from '../../engine/contract/index.ts'
import { UsageError } from '../../engine/errors.ts'
import { keepViews } from '../../engine/layers/views.ts'
import { expectLake } from '../../engine/lake/expect-lake.ts'
import { isAmong } from '../../engine/reread/alert-files.ts'
import type { Nights } from '../../engine/reread/alert-files.ts'
import { openStore } from '../../engine/store/open-store.ts'
import type { Store } from '../../engine/store/store.ts'
import { crashAtNth } from '../common/crash-point.ts'
import { parseNights } from '../common/nights.ts'
import { amount, bar, count, duration, ProgressLine, size } from '../common/terminal.ts'
import { addSettings, readSettings } from '../settings/settings.ts'
import { wholeNumber } from '../settings/values.ts'
import { VIEWS } from '../../engine/verify/strays.ts'
import { placeOf } from '../views/views.ts'

interface Flags {
  readonly night?: string
  readonly olderThan?: number
  readonly survey?: Survey
  readonly alertMegabytes: number
  readonly packetMegabytes: number
  readonly rowGroup: number
  readonly memoryMegabytes: number
  readonly json?: boolean
}

const MEGABYTE = 1024 * 1024
const HOUR_MS = 3_600_000

export function addClose(program: Command): void {
  const command = program
    .command('close')
    .description('make few files of the many parts of a night')
    .option('--night <night>', 'this night: YYYYMMDD, or YYYYMMDD..YYYYMMDD')
    .addOption(
      new Option('--older-than <time>', 'all nights that ended so long ago: 36h, 3d').argParser(
        hours
      )
    )
    .addOption(new Option('--survey <name>', 'only of this survey').choices(['ztf', 'lsst']))
    .addOption(megabytes('--alert-megabytes <n>', 'size of a file of alerts, about', 128))
    .addOption(megabytes('--packet-megabytes <n>', 'size of a file of packets, about', 512))
    .addOption(
      new Option('--row-group <n>', 'alerts of a row group: what a query skips or reads')
        .default(4096)
        .argParser(wholeNumber(1, 1_000_000))
    )
    .addOption(
      megabytes('--memory-megabytes <n>', 'alerts that are held in memory at a time', 1024)
    )
    .option('--json', 'print the account as one JSON object')
    .addHelpText(
      'after',
      '\nA run, a stream and readers may be at work meanwhile. What comes late is a part of its own, which the next close takes in.\n\nExamples:\n  siskin close --lake lake --night 20260110\n  siskin close --lake lake --older-than 36h      # from a timer'
    )
  addSettings(command, ['lake', 'members'])
  command.action(async (flags: Flags) => {
    const { lake, members } = readSettings(command)
    const store = openStore(lake)
    await expectLake(store)
    const nights = await wantedNights(store, flags)
    const closed = await withProgress(store, lake, nights, {
      ...flags,
      threads: members ?? availableParallelism()
    })
    console.log(flags.json ? JSON.stringify({ nights: closed }, null, 1) : textOf(closed, lake))
    const broken = closed.flatMap((night) => night.broken)
    for (const { part, reason } of broken) console.error(`siskin: part ${part}: ${reason}`)
    process.exitCode = broken.length > 0 ? 1 : 0
  })
}

function megabytes(flag: string, about: string, fallback: number): Option {
  return new Option(flag, `${about}, in MiB`).default(fallback).argParser(wholeNumber(1, 65_536))
}

function hours(text: string): number {
  const [, number, unit] = /^(\d+)(h|d)$/.exec(text) ?? []
  if (number === undefined) throw new InvalidArgumentError('give a time as 36h or 3d.')
  return Number(number) * (unit === 'd' ? 24 : 1)
}

/** @throws UsageError for a night that the lake does not have, naming those it has. */
async function wantedNights(
  store: Store,
  { night, olderThan, survey }: Flags
): Promise<ClosingNight[]> {
  if ((night === undefined) === (olderThan === undefined)) {
    throw new UsageError(
      'siskin close: say which nights, with --night 20260110 or --older-than 36h'
    )
  }
  const all = await nightsOfLake(store, survey ?? null)
  if (olderThan !== undefined) {
    return all.filter((own) => Date.now() - endOf(own.night) >= olderThan * HOUR_MS)
  }
  const nights: Nights = parseNights(night!)
  const wanted = all.filter((own) => isAmong(own.night, nights))
  if (wanted.length > 0) return wanted
  const known = [...new Set(all.map((own) => own.night))].sort((a, b) => a - b)
  const has = known.length === 0 ? 'none' : known.join(', ')
  throw new UsageError(`the lake ${store.root} has no night ${night}; it has ${has}`)
}

/** The noon (UTC) after a night: both surveys are over then. */
function endOf(night: number): number {
  const text = String(night)
  return Date.UTC(
    Number(text.slice(0, 4)),
    Number(text.slice(4, 6)) - 1,
    Number(text.slice(6)) + 1,
    12
  )
}

async function withProgress(
  store: Store,
  lake: string,
  nights: readonly ClosingNight[],
  flags: Flags & { readonly threads: number }
): Promise<ClosedNight[]> {
  const line = new ProgressLine(process.stderr)
  try {
    const closed = await closeNights({
      store,
      nights,
      sizes: {
        alerts: flags.alertMegabytes * MEGABYTE,
        packets: flags.packetMegabytes * MEGABYTE,
        rowGroup: flags.rowGroup,
        memory: flags.memoryMegabytes * MEGABYTE
      },
      threads: flags.threads,
      command: `siskin close --lake ${lake}`,
      onStep: crashAtNth(),
      onProgress: (progress) => line.update(() => progressText(progress)),
      onLog: (level, message) => line.say(`${level}: ${message}`)
    })
    if ((await store.size(VIEWS)) !== null) await keepViews(store, placeOf(lake))
    return closed
  } finally {
    line.clear()
  }
}

function progressText({ night, bytes, bytesTotal }: CloseProgress): string {
  return `${bar(bytes / Math.max(1, bytesTotal))} ${night.survey}/${night.night} · ${size(bytes)} of ${size(bytesTotal)}`
}

function textOf(closed: readonly ClosedNight[], lake: string): string {
  return [...closed.map(nightText), `verify  siskin verify --lake ${lake}`].join('\n')
}

function nightText(night: ClosedNight): string {
  const { survey, parts, alerts, copies, layers, waiting, seconds } = night
  const name = `${survey}/${night.night}`
  const late =
    waiting > 0 ? `; ${amount(waiting, 'part')} on the way: the next close takes them` : ''
  if (parts === 0) return `${name}  nothing to do${late}`
  const files = `${count(night.filesBefore)} files, ${size(night.bytesBefore)} -> ${count(night.filesAfter)} files, ${size(night.bytesAfter)}`
  const more = [
    ...(copies > 0 ? [`${amount(copies, 'duplicate')} left out`] : []),
    ...(layers.length > 0 ? [`folded in: ${layers.join(', ')}`] : [])
  ]
  return `${name}  ${amount(parts, 'part')}, ${amount(alerts, 'alert')}: ${files}, ${duration(seconds)}${more.map((text) => `; ${text}`).join('')}${late}`
}
