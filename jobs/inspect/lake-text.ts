import type { LakeSummary } from '../../engine/inspect/lake.ts'
import type { PartSummary } from '../../engine/inspect/part.ts'
import { columnsText } from './columns.ts'
import { facts } from './facts.ts'
import { amount, count, size, table } from '../common/terminal.ts'

/** A Parquet file: size, provenance, columns, and how the modules fared. */
export function partText(path: string, part: PartSummary, all: boolean): string {
  const { columns, provenance, modules, reasons } = part
  const keys = Object.entries(provenance).sort(([a], [b]) => (a < b ? -1 : 1))
  const structs = Object.entries(columns).filter(([, leaf]) => leaf > 1)
  return [
    `${path}: ${amount(part.rows, 'row')}, ${amount(part.leaves.length, 'column')}, ${size(part.bytes)}, ${amount(part.rowGroups, 'row group')}`,
    ...(keys.length > 0 ? ['', facts(keys)] : []),
    '',
    columnsText(part.leaves, all),
    ...(structs.length > 0 && !all
      ? [
          `  and in structs, shown with --columns: ${structs.map(([name, leaf]) => `${name} (${leaf})`).join(' ')}`
        ]
      : []),
    ...(Object.keys(modules).length > 0 ? ['', countsTable('module', modules)] : []),
    ...(Object.keys(reasons).length > 0 ? ['', countsTable('quarantined', { rows: reasons })] : []),
    ...quarantineLines(part)
  ].join('\n')
}

/** Each packet in quarantine: why, where it was, and what exactly is wrong. */
function quarantineLines({ quarantined, rows }: PartSummary): string[] {
  if (quarantined.length === 0) return []
  const lines = quarantined.map(({ reason, source, position, file, detail }) => {
    return [reason, source, position, file, detail]
  })
  const more = rows - quarantined.length
  return [
    '',
    table([['reason', 'source', 'position', 'file', 'detail'], ...lines]),
    ...(more > 0 ? [`  and ${count(more)} more`] : [])
  ]
}

/** Counts by name and key: a column for every key that occurs. */
function countsTable(title: string, counts: Readonly<Record<string, Record<string, number>>>) {
  const keys = [...new Set(Object.values(counts).flatMap((own) => Object.keys(own)))].sort()
  const rows = Object.entries(counts).map(([name, own]) => [
    name,
    ...keys.map((key) => count(own[key] ?? 0))
  ])
  return table([[title, ...keys], ...rows])
}

/** A lake: what is in it by survey and night, topics, quarantine, sources. */
export function lakeText(root: string, lake: LakeSummary): string {
  const { tally, bytes, sources, versions, unfinished, layers } = lake
  const total = Object.values(bytes).reduce((sum, own) => sum + own, 0)
  const modules = Object.entries(tally.modules).map(
    ([name, statuses]): [string, typeof statuses] => [
      `${name} ${(versions[name] ?? []).join(', ')}`,
      statuses
    ]
  )
  const lines = [
    `lake ${root}: ${amount(tally.alerts, 'alert')} of ${amount(tally.received, 'packet')} in ${amount(lake.parts, 'part')}, ${size(total)}`,
    facts([
      ['quarantined', count(tally.quarantinedTotal), listOf(tally.quarantined)],
      ...(tally.requeued > 0 ? [['requeued', count(tally.requeued)]] : []),
      ['duplicates', count(tally.duplicates)],
      ...(tally.injected > 0 ? [['injected', count(tally.injected), 'counted in no night']] : []),
      ['bytes', listOf(bytes, size)]
    ]),
    '',
    table([['survey', 'night', 'alerts'], ...nightRows(tally.nights)]),
    '',
    countsTable('module', Object.fromEntries(modules)),
    '',
    table([
      ['topic', 'alerts'],
      ...Object.entries(tally.topics).map(([name, n]) => [name, count(n)])
    ]),
    '',
    table([
      ['source', 'parts', 'packets', 'alerts', 'last part'],
      ...sources.map(({ source, parts, received, requeued, alerts, last }) => [
        source,
        count(parts),
        requeued > 0 ? `${count(requeued)} requeued` : count(received),
        count(alerts),
        last.slice(0, 19).replace('T', ' ')
      ])
    ])
  ]
  if (layers.length > 0) {
    const rows = layers.map(({ layer, parts }) => [layer, count(parts)])
    lines.push('', table([['layer', 'parts'], ...rows]))
  }
  if (unfinished.length > 0) {
    lines.push('', 'unfinished commits: a run is at work, or the next one finishes or drops them')
    lines.push(...unfinished.map((part) => `  ${part}`))
  }
  return lines.join('\n')
}

function nightRows(nights: Readonly<Record<string, number>>): string[][] {
  return Object.entries(nights)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, alerts]) => [...key.split('/'), count(alerts)])
}

function listOf(counts: Readonly<Record<string, number>>, show = count): string {
  return Object.entries(counts)
    .map(([key, value]) => `${key} ${show(value)}`)
    .join(', ')
}
