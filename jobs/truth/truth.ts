import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs'
import type { Command } from 'commander'
import { UsageError } from '../../engine/errors.ts'
import { openStore } from '../../engine/store/open-store.ts'
import { seeksText } from '../../engine/truth/phases.ts'
import type { TopicRow } from '../../engine/truth/topic-rows.ts'
import type { TruthReport } from '../../engine/truth/truth.ts'
import { pickFilters } from '../common/registries.ts'
import { addSettings, readSettings } from '../settings/settings.ts'
import { amount, count, table } from '../common/terminal.ts'
import { list } from '../settings/values.ts'

export function addTruth(program: Command): void {
  const command = program
    .command('truth')
    .description(
      'judge a lake by the truth it was simulated from: what each topic selected, and missed'
    )
    .requiredOption('--truth <files...>', 'truth tables that "siskin simulate" wrote')
    .option(
      '--layers <versions>',
      'judge by these versions of modules instead of the newest (quality@1.0.0)',
      list
    )
    .option('--json', 'print the report as one JSON object')
    .addHelpText('after', '\nExample:\n  siskin truth --lake lake --truth night.truth.parquet')
  addSettings(command, ['lake'])
  command.action(async (options: { truth: string[]; layers?: string[]; json?: boolean }) => {
    const report = await truthReport(readSettings(command).lake, options.truth, options.layers)
    console.log(options.json ? JSON.stringify(report, null, 1) : truthText(report))
  })
}

export async function truthReport(
  lake: string,
  files: readonly string[],
  layers: readonly string[] = []
): Promise<TruthReport> {
  for (const file of files) expectTruth(file)
  const aims = pickFilters(null).map(({ topic, seeks = null }) => ({ topic, seeks }))
  const { judge } = await import('../../engine/truth/truth.ts')
  return judge(openStore(lake), files, aims, layers)
}

/** @throws UsageError for what is no Parquet file */
export function expectTruth(file: string): void {
  if (!existsSync(file)) throw new UsageError(`truth "${file}": no such file`)
  const isFile = statSync(file).isFile()
  const begin = Buffer.alloc(4)
  const opened = openSync(file, 'r')
  if (isFile) readSync(opened, begin)
  closeSync(opened)
  if (begin.toString('latin1') === 'PAR1') return
  throw new UsageError(
    `truth "${file}" is no Parquet file: siskin simulate writes the truth beside the archive, as night.truth.parquet`
  )
}

const OBJECTS = ['objects', 'pure', 'found'] as const

export function truthText({ classes, topics, unknown, missing, uncounted }: TruthReport): string {
  const names = topics.map(({ topic }) => topic)
  const byClass = table([
    ['class', 'objects', 'alerts', 'in the lake', 'quality', ...names],
    ...classes.map((row) => [
      row.class,
      count(row.objects),
      count(row.alerts),
      count(row.landed),
      count(row.quality),
      ...names.map((name) => count(row.selected[name] ?? 0))
    ])
  ])
  const byTopic = topicTable(topics)
  const notes = [
    ...(uncounted > 0
      ? [
          `not counted: ${amount(uncounted, 'alert')} that a stream selected, without the packet's name in the ledger`
        ]
      : []),
    ...(unknown > 0 ? [`not in the truth: ${amount(unknown, 'alert')} of the lake`] : []),
    ...(missing > 0 ? [`not in the lake: ${amount(missing, 'good packet')} of the truth`] : [])
  ]
  return [byClass, '', byTopic, ...notes].join('\n')
}

/** How well topics do what they are for. */
export function topicTable(topics: readonly TopicRow[]): string {
  const percent = (share: number | null) => (share === null ? '-' : `${(share * 100).toFixed(1)} %`)
  return table([
    ['topic', 'selected', 'pure', 'in phase', 'findable', 'found', ...OBJECTS, 'seeks'],
    ...topics.map((row) => [
      row.topic,
      count(row.selected),
      percent(row.purity),
      percent(row.inPhase),
      count(row.findable),
      percent(row.completeness),
      count(row.objects),
      percent(row.objectPurity),
      percent(row.objectCompleteness),
      row.seeks === null ? '-' : seeksText(row.seeks)
    ])
  ])
}
