import { isHdfs } from '../../engine/store/hdfs-address.ts'
import type { RunResult } from '../../engine/run/run.ts'
import type { TakenIn } from './run.ts'
import { are } from '../../engine/amount.ts'
import { overLake } from '../common/next.ts'
import { amount, count, duration, size, table } from '../common/terminal.ts'

/** The account of a run for machines. */
export function runJson(result: TakenIn) {
  const { tally, seconds, damage, before, interrupted, peakMemory, skipped } = result
  return {
    received: tally.received,
    alerts: tally.alerts,
    quarantined: tally.quarantined,
    duplicates: tally.duplicates,
    revisions: tally.revisions,
    nights: tally.nights,
    modules: tally.modules,
    topics: tally.topics,
    seconds: round(seconds),
    alerts_per_s: round(tally.alerts / seconds),
    before,
    interrupted,
    skipped,
    damage: damage.map(({ path, fileOffset, inflatedOffset, message }) => ({
      path,
      byte: fileOffset,
      inflated_byte: inflatedOffset,
      message
    })),
    peak_memory_bytes: peakMemory
  }
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000
}

/** The account of a run for people: what came, where it went, how to look at it. */
export function runSummary(result: RunResult, lake: string): string {
  const { tally, seconds, before } = result
  if (tally.received === 0 && before > 0) {
    return `nothing new: all ${amount(before, 'packet')} ${are(before)} in ${lake} already`
  }
  const rate = tally.alerts / seconds
  const rows: string[][] = [
    ['received', count(tally.received), before > 0 ? `and ${count(before)} at earlier runs` : ''],
    ['alerts', count(tally.alerts)],
    ['quarantined', count(tally.quarantinedTotal), listOf(tally.quarantined)],
    ['duplicates', count(tally.duplicates)],
    ...revisionRows(tally),
    ...(tally.injected > 0 ? [['injected', count(tally.injected), 'simulated: in no night']] : []),
    ['nights', count(Object.keys(tally.nights).length), listOf(tally.nights)]
  ]
  return [
    `${duration(seconds)}, ${count(rate)} alerts/s, ${size(tally.bytes)} written`,
    table(rows),
    '',
    ...titled(moduleRows(tally)),
    ...titled([
      ['topic', 'alerts'],
      ...Object.entries(tally.topics).map(([topic, alerts]) => [topic, count(alerts)])
    ]),
    `lake    ${lake}`,
    `topics  ${lake}/topics`,
    ...(isHdfs(lake) || tally.alerts + before === 0 ? [] : [`query   ${duckdbQuery(lake)}`]),
    `verify  ${overLake('siskin verify', { lake })}`
  ].join('\n')
}

/** A table with a line behind it; nothing where it has only its heading. */
function titled(rows: readonly (readonly string[])[]): string[] {
  return rows.length > 1 ? [table(rows), ''] : []
}

/** Nothing where there are none, as there mostly are. */
export function revisionRows({ revisions }: Pick<RunResult['tally'], 'revisions'>): string[][] {
  if (revisions === 0) return []
  return [['revisions', count(revisions), 'among the alerts: known ids with other bytes']]
}

export function duckdbQuery(lake: string): string {
  return `duckdb -c "SELECT survey, night, count(DISTINCT alert_id) FROM read_parquet('${lake}/*/alerts/**/*.parquet', union_by_name = true) GROUP BY ALL"`
}

/** How the modules fared: a row each, under a heading. */
export function moduleRows(tally: RunResult['tally']): string[][] {
  return [
    ['module', 'ok', 'not applicable', 'too short', 'failed', 'µs an alert'],
    ...Object.entries(tally.modules).map(([name, own]) =>
      moduleRow(name, own, tally.moduleMs[name])
    )
  ]
}

function moduleRow(name: string, statuses: Readonly<Record<string, number>>, ms = 0): string[] {
  const failed = Object.entries(statuses).filter(([status]) => status.startsWith('failed:'))
  const total = failed.reduce((sum, [, rows]) => sum + rows, 0)
  const why = total > 0 ? ` (${failed.map(([status]) => status.slice(7)).join(', ')})` : ''
  const rows = Object.values(statuses).reduce((sum, own) => sum + own, 0)
  const micros = (ms * 1000) / Math.max(1, rows)
  return [
    name,
    count(statuses['ok'] ?? 0),
    count(statuses['not-applicable'] ?? 0),
    count(statuses['too-short'] ?? 0),
    `${count(total)}${why}`,
    micros.toFixed(1)
  ]
}

/** `not-avro 1, truncated 2`; of many the first. */
export function listOf(counts: Readonly<Record<string, number>>): string {
  const entries = Object.entries(counts).map(([key, value]) => `${key} ${count(value)}`)
  const more = entries.length > 6 ? `, … ${entries.length - 6} more` : ''
  return entries.slice(0, 6).join(', ') + more
}
