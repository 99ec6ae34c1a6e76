import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Command } from 'commander'
import { Option } from 'commander'
import { Damage } from '../../engine/consume/bytes.ts'
import { Notes } from '../../engine/consume/notes.ts'
import { openSources } from '../../engine/consume/open.ts'
import type { Source } from '../../engine/consume/source.ts'
import { topicOf } from '../../engine/replay/names.ts'
import { packetsOf } from '../../engine/replay/packets.ts'
import { registrar, schemaIn } from '../../engine/replay/schemas.ts'
import type { Addressed } from '../../engine/replay/sender.ts'
import type { Control } from './publish-packets.ts'
import { REPLAY_NAMES } from '../settings/replay.ts'
import { addSettings, readSettings } from '../settings/settings.ts'
import type { Settings } from '../settings/settings.ts'

export function addReplay(program: Command): void {
  const command = program
    .command('replay')
    .description('publish archived packets to Kafka, at a rate, as the survey would send them')
    .argument(
      '<source...>',
      '.tar.gz or .tar nightly archives, .avro or .confluent files, folders; here, at hdfs://…, files also at https://… (of a server that gives ranges)'
    )
    .addOption(new Option('--to <place>', 'where to').choices(['kafka']).default('kafka'))
    .option('--json', 'print the account at the end as one JSON object')
    .addHelpText(
      'after',
      '\nExample:\n  siskin replay ztf_public_20260110.tar.gz --to kafka --brokers localhost:9092 --rate 100\n  siskin replay lsst/ --to kafka --brokers localhost:9092 --like lsst'
    )
  addSettings(command, ['schemas', ...REPLAY_NAMES])
  command.action(async (paths: string[], options: { json?: boolean }) => {
    const settings = readSettings(command)
    const notes = new Notes((text) => console.error(`siskin: ${text}`))
    const sources = await openSources(paths, { notes })
    const survey = (await looksLikeLsst(sources[0]!)) ? 'lsst' : 'ztf'
    const schemas = survey === 'lsst' ? schemasFor(settings, paths) : null
    let broken = false
    const packets = (control: Control) =>
      addressed(sources, settings, schemas, control, () => (broken = true))
    const { publish, publishedJson, publishedText } = await import('./publish-packets.ts')
    const published = await publish(settings, { survey, seed: 1, packets })
    if (notes.skippedText) console.error(`siskin: ${notes.skippedText}`)
    const place = settings.registry ?? schemas
    if (options.json) console.log(publishedJson(published, place))
    else console.log(publishedText(published, settings, place))
    process.exitCode = broken || published.skipped > 0 ? 1 : published.interrupted ? 130 : 0
  })
}

/** Packets with their topics. A source that breaks off is told, and the next goes on. */
async function* addressed(
  sources: readonly Source[],
  settings: Settings,
  schemas: string | null,
  { say, skipped }: Control,
  onBroken: () => void
): AsyncGenerator<readonly Addressed[]> {
  const { registry, topic } = settings
  const textOf = async (id: number) => (schemas === null ? null : schemaIn(schemas, id))
  const registered =
    registry === null ? async (value: Buffer) => value : registrar(registry, textOf)
  for (const source of sources) {
    let named = topic
    try {
      for await (const packets of packetsOf(source, () => {}, skipped)) {
        const some: Addressed[] = []
        for (const { value, place } of packets) {
          named ??= topicOf(value, source.name) // the first packet tells for all
          some.push({ topic: named, value: await registered(value), place })
        }
        yield some
      }
    } catch (error) {
      if (!(error instanceof Damage)) throw error
      onBroken()
      say(`siskin: ${error.message}; all before it is sent`)
    }
  }
}

async function looksLikeLsst(source: Source): Promise<boolean> {
  for await (const [first] of packetsOf(
    source,
    () => {},
    () => {}
  )) {
    if (first) return first.value[0] === 0
  }
  return false
}

/** Where the writer schemas are: as told, else beside or inside what is replayed. */
function schemasFor({ schemas }: Settings, paths: readonly string[]): string | null {
  if (schemas !== null) return schemas
  const places = paths.flatMap((path) => [join(path, 'schemas'), join(dirname(path), 'schemas')])
  return places.find((place) => existsSync(place)) ?? null
}
