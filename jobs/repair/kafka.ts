import type { Plan } from '../../engine/enrich/plan.ts'
import type { Store } from '../../engine/store/store.ts'
import { KafkaInput } from '../../engine/repair/inputs/kafka-input.ts'
import { GapPublisher, readMarks } from '../../engine/repair/publish-gap.ts'
import type { GapMarks } from '../../engine/repair/publish-gap.ts'
import { askInTime } from '../../engine/stream/check.ts'
import { outputTopics } from '../../engine/stream/common/topics.ts'
import { kafkaAccess } from '../common/kafka-access.ts'
import type { Settings } from '../settings/settings.ts'
import { listTopics } from '../../engine/kafka/topic-list.ts'

interface KafkaSide {
  readonly input: KafkaInput
  readonly marks: GapMarks
  readonly publisher: GapPublisher | null
}

/** What a repair needs of Kafka, when it is told where that is. */
export async function openKafkaSide(
  store: Store,
  settings: Settings,
  plan: Plan,
  publish: boolean
): Promise<KafkaSide> {
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
