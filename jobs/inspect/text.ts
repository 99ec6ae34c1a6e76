import type { Layered } from '../../engine/inspect/layered.ts'
import type { Found } from '../../engine/inspect/lookup.ts'
import type { OpenedPackets } from '../../engine/inspect/packet.ts'
import { ZOOM } from '../../engine/inspect/png.ts'
import { legend, plot, pointsOf } from '../../engine/inspect/plot.ts'
import { numberAt, textAt } from '../../engine/inspect/record.ts'
import type { AlertRecord } from '../../engine/inspect/record.ts'
import type { Stamps } from '../../engine/inspect/stamps.ts'
import type { TopicSummary } from '../../engine/inspect/topic-file.ts'
import { withoutPassword } from '../../engine/registry/http.ts'
import { isoOf } from '../../engine/table/time.ts'
import { facts } from './facts.ts'
import { moduleText } from './module.ts'
import { amount, count, size, table } from '../common/terminal.ts'

/** An alert of the lake: what the survey says, its light curve, what the modules add. */
export function alertText(alert: Layered, stamps: Stamps): string {
  const { values, provenance, path, row, times, layers } = alert
  const modules = (provenance['siskin.modules'] ?? '').split(' ').filter(Boolean)
  return [
    mainText(values),
    facts([
      ['part', `${path}, row ${row}`],
      ...(times > 1 ? [['copies', `in the lake ${times} times: this is the last`]] : []),
      [
        'packet',
        `${textAt(values, 'packet_file')}, byte ${textAt(values, 'packet_offset')}, ${textAt(values, 'packet_length')} bytes`
      ],
      ...layerRows(layers),
      ...stampRows(stamps)
    ]),
    curveText(values),
    ...modules.map((module) => moduleText(module, values))
  ].join('\n\n')
}

function layerRows(layers: Layered['layers']): string[][] {
  const named = Object.entries(layers).map(([name, version]) => `${name}@${version}`)
  return named.length > 0 ? [['layers', named.join(' ')]] : []
}

function mainText(alert: AlertRecord): string {
  const [ra, dec] = [numberAt(alert, 'ra'), numberAt(alert, 'dec')]
  const sky = `ra ${fixed(ra, 6)}  dec ${fixed(dec, 6)}  (l ${fixed(numberAt(alert, 'glon'), 2)}  b ${fixed(numberAt(alert, 'glat'), 2)})`
  const side = alert['is_positive'] === false ? 'fainter than' : 'brighter than'
  return [
    `alert ${textAt(alert, 'alert_id')} of object ${textAt(alert, 'object_id')}`,
    facts([
      ['survey', `${textAt(alert, 'survey')}, schema ${textAt(alert, 'schema_version')}`],
      ['night', textAt(alert, 'night')],
      ['time', timeText(alert)],
      ['position', sky],
      [
        'change',
        `${brightness(alert)}, ${side} the reference; flux ${fixed(numberAt(alert, 'flux'), 0)} +- ${fixed(numberAt(alert, 'flux_err'), 0)} nJy`
      ],
      ['limit', magnitude(numberAt(alert, 'mag_limit'), 2)]
    ])
  ].join('\n')
}

function timeText(alert: AlertRecord): string {
  const mjd = numberAt(alert, 'mjd')
  return mjd === null ? '-' : `${isoOf(mjd)}  (mjd ${mjd.toFixed(6)})`
}

function brightness(alert: AlertRecord): string {
  const [mag, error] = [numberAt(alert, 'mag'), numberAt(alert, 'mag_err')]
  const about = mag === null || error === null ? '' : ` +- ${error.toFixed(3)}`
  return `${textAt(alert, 'band')} ${mag === null ? '-' : `${mag.toFixed(3)}${about} mag`}`
}

function magnitude(value: number | null, digits: number): string {
  return value === null ? '-' : `${value.toFixed(digits)} mag`
}

function fixed(value: number | null, digits: number): string {
  return value === null ? '-' : value.toFixed(digits)
}

function curveText(alert: AlertRecord): string {
  const points = pointsOf(alert)
  const forced = (alert['forced_mjd'] as unknown[] | undefined)?.length ?? 0
  const also = forced > 0 ? `; ${amount(forced, 'point')} of forced photometry not drawn` : ''
  return `light curve (difference magnitude)\n${plot(points)}\n        ${legend(points)}${also}`
}

function stampRows({ written, undrawn }: Stamps): string[][] {
  const drawn = written.map(({ name, path, width, height, north }) => [
    name,
    `${path} (${width} x ${height} pixels, each ${ZOOM} x ${ZOOM} in the picture${north === null ? '' : `, north ${north.toFixed(0)} deg left of up`})`
  ])
  const alerts = new Set([...written, ...undrawn].map(({ alert }) => alert))
  const rest = undrawn.map(({ alert, name, reason }) => {
    const whose = alerts.size > 1 ? `of alert ${alert}: ` : ''
    return [name ?? 'stamps', `no picture: ${whose}${reason}`]
  })
  return [...drawn, ...rest]
}

function stampLines(stamps: Stamps): string[] {
  const rows = stampRows(stamps)
  return rows.length > 0 ? ['', facts(rows)] : []
}

/** All alerts of an object, and the light curve that the latest of them carries. */
export function objectText(
  object: string,
  alerts: readonly Found[],
  latest: AlertRecord,
  stamps: Stamps
): string {
  const rows = alerts.map(({ values }) => {
    const sign = values['is_positive'] === false ? '-' : '+'
    return [
      textAt(values, 'alert_id'),
      textAt(values, 'night'),
      timeText(values),
      sign,
      brightness(values)
    ]
  })
  return [
    `object ${object}: ${amount(alerts.length, 'alert')} in the lake`,
    table(rows),
    '',
    `of the latest, ${curveText(latest)}`,
    ...stampLines(stamps)
  ].join('\n')
}

/** The first packets of a source; a single one whole. */
export function packetsText(
  path: string,
  { packets, quarantined, schemas, complete, warnings }: OpenedPackets,
  stamps: Stamps,
  registry: string | null
): string {
  const total = packets.length + quarantined.length
  const lines = [
    `${path}: ${complete ? '' : 'the first '}${amount(total, 'packet')}`,
    ...schemas.map(({ survey, version }) => `  schema ${survey} ${version}`),
    ...warnings.map((warning) => `  ${warning}`),
    ...quarantined.map(
      ({ position, name, reason, detail }) =>
        `  packet ${position} (${name}) would go to quarantine: ${reason}, ${detail}`
    ),
    ...(quarantined.some(({ reason }) => reason === 'unknown-schema') ? [schemaHint(registry)] : [])
  ]
  const [only] = packets
  if (only && packets.length === 1) {
    lines.push('', mainText(only.alert), facts([['packet', amount(only.bytes, 'byte')]]))
    lines.push('', curveText(only.alert))
  } else {
    const rows = packets.map(({ alert, bytes }) => [
      textAt(alert, 'alert_id'),
      textAt(alert, 'object_id'),
      timeText(alert).slice(0, 20),
      brightness(alert),
      amount((alert['history_mjd'] as unknown[]).length, 'point'),
      size(bytes)
    ])
    if (rows.length > 0) lines.push(table(rows))
  }
  lines.push(...stampLines(stamps))
  return lines.join('\n')
}

function schemaHint(schemas: string | null): string {
  const place = 'a folder of <id>.avsc, or a registry (http://…)'
  return schemas === null
    ? `  these packets come without their writer schema: say where it is with --schemas, ${place}`
    : `  ${withoutPassword(schemas)} has no such schema: --schemas is ${place}`
}

export function topicText(path: string, topic: TopicSummary & { readonly files?: number }): string {
  const { format, messages, bytes, first, files } = topic
  const rows = first.map((alert) => [
    textAt(alert, 'alert_id'),
    textAt(alert, 'object_id'),
    timeText(alert).slice(0, 20),
    brightness(alert)
  ])
  return [
    `${path}: ${amount(messages, 'message')} of ${format}${files === undefined ? '' : ` in ${amount(files, 'file')}`}, ${size(bytes)}`,
    table(rows),
    ...(messages > first.length ? [`  and ${count(messages - first.length)} more`] : [])
  ].join('\n')
}
