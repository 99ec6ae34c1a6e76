import type { CompareResult } from '../../engine/compare/compare.ts'
import { amount, count, table } from '../common/terminal.ts'

/** How two versions differ, for people. Columns and topics that are the same are counted, not listed. */
export function compareText(title: string, result: CompareResult): string {
  const { alerts, parts, without, statuses, microseconds } = result
  const time = (value: number | null) => (value === null ? '-' : `${value.toFixed(1)} µs`)
  return [
    `${title}: ${amount(alerts, 'alert')} in ${amount(parts, 'part')}`,
    ...(without > 0 ? [`  ${amount(without, 'part')} without that version are left out`] : []),
    `  an alert takes ${time(microseconds.old)}, and ${time(microseconds.fresh)}`,
    '',
    ...columnLines(result),
    ...section([
      ['old > new', 'alerts'],
      ...Object.entries(statuses).map(([change, rows]) => [change, count(rows)])
    ]),
    ...topicLines(result),
    ...largestLines(result)
  ]
    .join('\n')
    .trimEnd()
}

function columnLines({ columns, spreads, onlyOld, onlyNew }: CompareResult): string[] {
  const others = columns.filter(({ changed, toNull, fromNull }) => changed + toNull + fromNull > 0)
  const same = columns.length - others.length
  const rows = others.map(({ column, unit, both, changed, toNull, fromNull }) => {
    const spread = spreads.find((one) => one.column === column)
    const sizes = spread ? [spread.median, spread.p90, spread.p99, spread.largest] : []
    return [
      column,
      count(changed),
      both > 0 ? `${((100 * changed) / both).toFixed(2)} %` : '-',
      ...Array.from({ length: 4 }, (_, i) => short(sizes[i])),
      unit,
      count(toNull),
      count(fromNull)
    ]
  })
  const head = [
    'column',
    'changed',
    'share',
    'median',
    '90 %',
    '99 %',
    'largest',
    '',
    'to null',
    'from null'
  ]
  return [
    ...(rows.length > 0 ? [table([head, ...rows])] : []),
    `  ${amount(same, 'column')} the same`,
    ...(onlyOld.length > 0 ? [`  only the old has ${onlyOld.join(', ')}`] : []),
    ...(onlyNew.length > 0 ? [`  only the new has ${onlyNew.join(', ')}`] : []),
    ''
  ]
}

function short(value: number | undefined): string {
  return value === undefined ? '-' : String(Number(value.toPrecision(3)))
}

const SHOWN = 5

function topicLines({ topics }: CompareResult): string[] {
  const named = (ids: readonly bigint[]) => ids.slice(0, SHOWN).join(' ')
  return section([
    ['topic', 'old', 'new', 'enter', 'leave', ''],
    ...topics.map(({ topic, old, fresh, entering, leaving, enter, leave }) => [
      topic,
      count(old),
      count(fresh),
      count(entering),
      count(leaving),
      [
        ...(enter.length > 0 ? [`+ ${named(enter)}`] : []),
        ...(leave.length > 0 ? [`- ${named(leave)}`] : [])
      ].join(' ')
    ])
  ])
}

function largestLines({ largest }: CompareResult): string[] {
  return section([
    ['largest differences', 'column', 'old', 'new'],
    ...largest.map(({ alertId, column, old, fresh }) => [
      String(alertId),
      column,
      short(old),
      short(fresh)
    ])
  ])
}

function section(rows: readonly string[][]): string[] {
  return rows.length > 1 ? [table(rows), ''] : []
}
