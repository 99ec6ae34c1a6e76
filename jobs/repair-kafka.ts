import type { Plan } from '../engine/enrich/plan.ts'
import type { Store } from '../engine/persist/store.ts'
import { KafkaInput } from '../engine/repair/kafka-input.ts'
import { GapPublisher, readMarks } from '../engine/repair/publish-gap.ts'
import type { GapMarks } from '../engine/repair/publish-gap.ts'
import { askInTime } from '../engine/stream/check.ts'
import { outputTopics } from '../engine/stream/topics.ts'
import { kafkaAccess } from './kafka-access.ts'
import type { Settings } from './settings.ts'
import { listTopics } from '../engine/stream/topic-list.ts'

interface KafkaEquipment {
  readonly input: KafkaInput
  readonly marks: GapMarks
  readonly publisher: GapPublisher | null
}

/** What a repair needs of Kafka, when it is told where that is. */
export async function equipKafka(
  store: Store,
  settings: Settings,
  plan: Plan,
  publish: boolean
): Promise<KafkaEquipment> {
  const access = kafkaAccess(settings)
  const { group } = settings
  await askInTime(access, listTopics)
  const output = {
    prefix: settings.outPrefix,
    partitions: settings.outPartitions,
    replication: settings.outReplication,
    retentionDays: settings.outRetentionDays,
    registry: settings.outRegistry,
    finkPrefix: settings.finkCompat ? settings.finkPrefix : null
  }
  const topics = outputTopics({ output, surveys: settings.surveys }, plan)
  const places = { access, group, store, output, topics, plan }
  const publisher = publish ? await GapPublisher.open(places) : null
  const marks = await readMarks(access, store)
  const { prefix, finkPrefix } = output
  const outputs = { prefix, finkPrefix, topics: [...topics.own, ...topics.fink] }
  return { input: new KafkaInput(access, group, store, outputs), marks, publisher }
}
