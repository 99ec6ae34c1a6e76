import { amount } from '../common/terminal.ts'
import type { Filter } from '../../engine/contract/index.ts'
import { publishLayer } from '../../engine/layers/publish.ts'
import type { Published } from '../../engine/layers/publish.ts'
import { partsOf } from '../../engine/layers/parts.ts'
import { layerOfFilter } from '../../engine/layers/work.ts'
import type { LayerWork } from '../../engine/layers/work.ts'
import type { Store } from '../../engine/store/store.ts'
import { GapPublisher, readMarks } from '../../engine/repair/publish-gap.ts'
import type { Nights } from '../../engine/reread/alert-files.ts'
import { askInTime } from '../../engine/stream/check.ts'
import { schemaTopic } from '../../engine/kafka/schema-topic.ts'
import { kafkaAccess } from '../common/kafka-access.ts'
import type { Settings } from '../settings/settings.ts'

export interface PublishWork {
  readonly store: Store
  readonly work: LayerWork
  readonly filter: Filter
  readonly topic: string
  readonly nights: Nights | null
  readonly signal: AbortSignal
  readonly say: (text: string) => void
}

/** Brings what a filter selected of history into a topic in Kafka. */
export async function publishHistory(
  settings: Settings,
  { store, work, filter, topic, nights, signal, say }: PublishWork
): Promise<Published> {
  const access = kafkaAccess(settings)
  await askInTime(access, (admin) => admin.listTopics())
  const output = {
    prefix: settings.outPrefix,
    partitions: settings.outPartitions,
    replication: settings.outReplication,
    retentionDays: settings.outRetentionDays,
    registry: settings.outRegistry,
    finkPrefix: null
  }
  const own = [output.prefix + topic]
  const topics = { own, fink: [], schemas: schemaTopic(output.prefix) }
  const { group } = settings
  const places = { access, group, store, output, topics, plan: work.plan }
  const publisher = await GapPublisher.open(places)
  try {
    const marks = await readMarks(access, store)
    const { parts } = await partsOf(store, nights)
    const layer = layerOfFilter(filter, work.asOf)
    let messages = 0
    const onPart = (more: number) =>
      say(`published ${amount((messages += more), 'message')} to ${own[0]}`)
    const options = { store, layer, parts, topic, publisher, marks, signal, onPart }
    return await publishLayer(options)
  } finally {
    await publisher.close()
  }
}
