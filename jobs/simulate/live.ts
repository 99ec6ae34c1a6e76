import { keepSchemas, registrar } from '../../engine/replay/schemas.ts'
import type { Addressed } from '../../engine/replay/sender.ts'
import { simulateLive } from '../../simulator/index.ts'
import type { Live } from '../../simulator/index.ts'
import { publish, publishedJson, publishedText } from '../replay/publish-packets.ts'
import type { Settings } from '../settings/settings.ts'
import type { LiveOptions, SimulateFlags } from './simulate.ts'

/** Packets go to Kafka as they are made; nothing but the truth and the schemas is kept. */
export async function publishSimulated(
  settings: Settings,
  flags: SimulateFlags,
  options: LiveOptions
): Promise<void> {
  const live = simulateLive({ ...options, truth: flags.truth ?? null })
  const { registry } = settings
  const isLsst = live.survey === 'lsst'
  if (isLsst && registry === null) keepSchemas(flags.schemasOut, live.schemas)
  const published = await publish(settings, {
    survey: live.survey,
    seed: flags.seed,
    packets: () => addressed(live, settings)
  })
  const place = isLsst ? (registry ?? flags.schemasOut) : null
  console.log(
    flags.json ? publishedJson(published, place) : publishedText(published, settings, place)
  )
  process.exitCode = published.skipped > 0 ? 1 : published.interrupted ? 130 : 0
}

/** Each night of ZTF has a topic of its own, LSST one for the schema's major version. */
async function* addressed(
  { packets, schemas }: Live,
  { topic, registry }: Settings
): AsyncGenerator<readonly Addressed[]> {
  const textOf = async (id: number) => schemas.get(id) ?? null
  const registered = registry === null ? null : registrar(registry, textOf)
  const major = Math.floor(Math.min(...schemas.keys()) / 100)
  for await (const { night, files } of packets) {
    const own = topic ?? (schemas.size > 0 ? `lsst-alerts-v${major}` : `ztf_${night}_programid1`)
    const some: Addressed[] = []
    for (const { name, bytes } of files) {
      some.push({ topic: own, place: name, value: registered ? await registered(bytes) : bytes })
    }
    yield some
  }
}
