import { join } from 'node:path'
import type { Command } from 'commander'
import { isPacketFile } from '../../engine/consume/archive.ts'
import { isArchive } from '../../engine/consume/find-files.ts'
import { openRegistry } from '../../engine/registry/registry.ts'
import { messageOf, SiskinError, UsageError } from '../../engine/errors.ts'
import { isLake, summariseLake } from '../../engine/inspect/lake.ts'
import { layered } from '../../engine/inspect/layered.ts'
import { findAlert, findObject } from '../../engine/inspect/lookup.ts'
import type { Found } from '../../engine/inspect/lookup.ts'
import { openLakePacket, openPackets } from '../../engine/inspect/packet.ts'
import { openParquet } from '../../engine/lake/files/parquet-file.ts'
import { summarisePart } from '../../engine/inspect/part.ts'
import { placeOf } from '../../engine/inspect/place.ts'
import type { Target } from '../../engine/inspect/place.ts'
import { shown } from '../../engine/inspect/record.ts'
import { joinStamps, NO_STAMPS, writeStamps } from '../../engine/inspect/stamps.ts'
import type { Stamps } from '../../engine/inspect/stamps.ts'
import { storedSources } from '../../engine/inspect/stored-packets.ts'
import { openTopicFile, openTopicFolder } from '../../engine/inspect/topic-file.ts'
import { openStore } from '../../engine/store/open-store.ts'
import type { Store } from '../../engine/store/store.ts'
import { describedColumns } from './columns.ts'
import { lakeText, partText } from './lake-text.ts'
import * as text from './text.ts'
import { addSettings, readSettings } from '../settings/settings.ts'
import { list } from '../settings/values.ts'

const KINDS =
  'give a packet file (.avro, .confluent) or archive (.tar, .tar.gz), a Parquet part, a topic file or a folder of them, a lake folder (each on a local disk or at hdfs://…), or an alert id or object id of the lake named by --lake'
const MOST_PACKETS = 20
const MOST_MESSAGES = 5
const ID = /^[A-Za-z0-9_]+$/
const PACKET = ['packet_file', 'packet_offset', 'packet_length']
const ABOUT = ['alert_id', 'night', 'mjd', 'band', 'mag', 'mag_err', 'is_positive']
const OBJECT_COLUMNS = [...ABOUT, ...PACKET]

export interface InspectOptions {
  readonly thing: string
  readonly lake: string
  /** Folder or address of a schema registry, for Confluent-wire packets. */
  readonly schemas: string | null
  /** Folder that the stamps go to as PNG; null: they stay where they are. */
  readonly stamps: string | null
  /** Versions of modules that are shown instead of the newest. */
  readonly layers?: readonly string[]
  /** Every column of a Parquet file with unit, UCD and description. */
  readonly columns?: boolean
}

interface InspectFlags {
  readonly stamps?: string | true
  readonly layers?: readonly string[]
  readonly columns?: boolean
  readonly json?: boolean
}

/** What was found: for machines, and for people. */
export interface Inspected {
  readonly json: Readonly<Record<string, unknown>>
  readonly text: string
  readonly stamps?: Stamps
}

export function addInspect(program: Command): void {
  const command = program
    .command('inspect')
    .description('show a packet, an alert, an object, a part, a topic file or a lake')
    .argument('<thing>', 'a file, a folder (also at hdfs://…), an alert id or an object id')
    .option(
      '--stamps [dir]',
      'write the stamps of the alert, or of all alerts of the object, as PNG (default: into this folder)'
    )
    .option(
      '--layers <versions>',
      'of an alert show these versions of modules instead of the newest (rate@1.0.0)',
      list
    )
    .option('--columns', 'of a Parquet file every column, with unit, UCD and description')
    .option('--json', 'print one JSON object; ids are strings')
    .addHelpText(
      'after',
      '\nExamples:\n  siskin inspect lake\n  siskin inspect 2667448574015015003 --lake lake --stamps stamps\n  siskin inspect ZTF18aabpzjh --lake lake --json\n  siskin inspect packet.confluent --schemas lsst/schemas\n  siskin inspect swebhdfs://namenode:9871/siskin'
    )
  addSettings(command, ['lake', 'schemas'])
  command.action(async (thing: string, options: InspectFlags) => {
    const { lake, schemas } = readSettings(command)
    const stamps = options.stamps === true ? '.' : (options.stamps ?? null)
    const { layers = [] } = options
    const columns = options.columns === true
    const found = await inspect({ thing, lake, schemas, stamps, layers, columns })
    console.log(options.json ? toJson(found.json) : found.text)
    const { written, undrawn } = found.stamps ?? NO_STAMPS
    if (written.length === 0 && undrawn.length > 0) process.exitCode = 1
  })
}

/** Looks at whatever `thing` names. @throws UsageError when there is nothing of that name. */
export async function inspect(options: InspectOptions): Promise<Inspected> {
  const { thing, lake } = options
  const place = await placeOf(thing)
  if (place?.kind === 'file') return inspectFile(options, place)
  if (place) {
    const { store } = place
    return (await isLake(store)) ? inspectLake(store) : inspectFolder(options, place)
  }
  if (!ID.test(thing)) throw new UsageError(`there is no file or folder "${thing}"; ${KINDS}`)
  const store = openStore(lake)
  if (!(await isLake(store))) {
    throw new UsageError(
      `there is no file or folder "${thing}", and no lake at "${lake}" to look for such an id; ${KINDS}`
    )
  }
  const found = await inspectId(store, options)
  if (found) return found
  throw new UsageError(
    `there is no file or folder "${thing}", and the lake "${lake}" has no alert or object of that id; ${KINDS}`
  )
}

/** JSON with 64-bit ids as strings. */
function toJson(value: unknown): string {
  const replace = (_: string, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner)
  return JSON.stringify(value, replace, 1)
}

async function inspectFile(
  options: InspectOptions,
  place: Target & { kind: 'file' }
): Promise<Inspected> {
  const { thing } = options
  const { store, file } = place
  if (thing.endsWith('.parquet')) {
    const part = await summarisePart(await openParquet(store, file.path, file.size))
    const { leaves, ...rest } = part
    const described = describedColumns(leaves)
    return {
      json: { kind: 'part', path: thing, ...rest, described },
      text: partText(thing, part, options.columns === true)
    }
  }
  const topic = thing.endsWith('.avro')
    ? await openTopicFile(store, file.path, MOST_MESSAGES)
    : null
  if (!topic) return inspectPackets(options, place)
  return { json: { kind: 'topic', path: thing, ...topic }, text: text.topicText(thing, topic) }
}

async function inspectFolder(options: InspectOptions, place: Target): Promise<Inspected> {
  const { thing } = options
  const topic = await openTopicFolder(place.store, MOST_MESSAGES)
  if (!topic) {
    await refuseParts(thing, place.store)
    return inspectPackets(options, place)
  }
  return { json: { kind: 'topic', path: thing, ...topic }, text: text.topicText(thing, topic) }
}

async function refuseParts(folder: string, store: Store): Promise<void> {
  const files = await store.list('')
  const first = files.find(({ path }) => path.endsWith('.parquet'))
  if (!first || files.some(({ path }) => isArchive(path) || isPacketFile(path))) return
  throw new UsageError(
    `folder "${folder}" holds Parquet files: give one of them (${join(folder, first.path)}), or the lake they are in`
  )
}

async function inspectPackets(
  { thing, schemas, stamps }: InspectOptions,
  place: Target
): Promise<Inspected> {
  const registry = openRegistry(schemas)
  const opened = await openPackets(thing, registry, MOST_PACKETS, await sourcesAt(place))
  const { packets, ...rest } = opened
  const all: Stamps[] = []
  if (stamps) for (const packet of packets) all.push(await writeStamps(packet, stamps))
  const drawn = joinStamps(all)
  const alerts = packets.map(({ alert, bytes }) => ({ ...alert, packet_length: bytes }))
  return {
    json: { kind: 'packets', path: thing, ...rest, alerts, ...stampsJson(drawn) },
    text: text.packetsText(thing, opened, drawn, schemas),
    stamps: drawn
  }
}

/** Packet files and archives of a store; those of a local disk are found by their path. */
async function sourcesAt(place: Target) {
  if (place.isLocal) return undefined
  const { store } = place
  return storedSources(store, place.kind === 'file' ? [place.file] : await store.list(''))
}

async function inspectLake(store: Store): Promise<Inspected> {
  const lake = await summariseLake(store)
  const { tally, bytes, ...rest } = lake
  const { received, alerts, injected, duplicates, quarantined, requeued } = tally
  const { nights, modules, topics } = tally
  const counts = { received, alerts, injected, duplicates, quarantined, requeued }
  const json = {
    kind: 'lake',
    path: store.root,
    ...counts,
    nights,
    modules,
    topics,
    bytes,
    ...rest
  }
  return { json, text: lakeText(store.root, lake) }
}

async function inspectId(store: Store, options: InspectOptions): Promise<Inspected | null> {
  const { thing, layers: chosen = [] } = options
  const isNumber = /^\d+$/.test(thing) && BigInt(thing) === BigInt.asIntN(64, BigInt(thing))
  const found = isNumber ? await findAlert(store, BigInt(thing)) : null
  if (found) {
    const alert = await layered(store, found, chosen)
    const { path, row, values, provenance, times, layers } = alert
    const drawn = options.stamps ? await alertStamps(store, values, options.stamps) : NO_STAMPS
    return {
      json: {
        kind: 'alert',
        part: path,
        row,
        times,
        provenance,
        layers,
        alert: values,
        ...stampsJson(drawn)
      },
      text: text.alertText(alert, drawn),
      stamps: drawn
    }
  }
  const alerts = await findObject(store, thing, OBJECT_COLUMNS)
  const latest = alerts.at(-1)
  if (!latest) return null
  const last = await findAlert(store, latest.values['alert_id'] as bigint)
  const whole = last && (await layered(store, last, chosen))
  const listed = alerts.map(({ path, values, times }) => ({ ...values, part: path, times }))
  const drawn = options.stamps ? await objectStamps(store, alerts, options.stamps) : NO_STAMPS
  return {
    json: {
      kind: 'object',
      object_id: thing,
      alerts: listed,
      latest: whole?.values,
      ...stampsJson(drawn)
    },
    text: text.objectText(thing, alerts, whole?.values ?? {}, drawn),
    stamps: drawn
  }
}

function stampsJson({ written, undrawn }: Stamps) {
  return { stamps: written, ...(undrawn.length > 0 && { undrawn }) }
}

/** Of all alerts of an object; one whose packet cannot be read is named. */
async function objectStamps(
  store: Store,
  alerts: readonly Found[],
  folder: string
): Promise<Stamps> {
  const all: Stamps[] = []
  for (const { values } of alerts) {
    try {
      all.push(await alertStamps(store, values, folder))
    } catch (error) {
      const alert = shown(values['alert_id'])
      all.push({ written: [], undrawn: [{ alert, name: null, reason: messageOf(error) }] })
    }
  }
  return joinStamps(all)
}

async function alertStamps(
  store: Store,
  alert: Readonly<Record<string, unknown>>,
  folder: string
): Promise<Stamps> {
  const file = alert['packet_file']
  if (typeof file !== 'string') {
    throw new SiskinError('the alert points to no packet: its stamps cannot be read')
  }
  const [offset, length] = [Number(alert['packet_offset']), Number(alert['packet_length'])]
  return writeStamps(await openLakePacket(store, file, offset, length), folder)
}
