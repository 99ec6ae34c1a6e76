import { Reconciler } from '../../engine/reconcile/reconcile.ts'
import { askInTime } from '../../engine/stream/check.ts'
import { explain } from '../../engine/kafka/client.ts'
import { kafkaAccess } from '../common/kafka-access.ts'
import type { Settings } from '../settings/settings.ts'
import type { LookAtKafka } from './verify.ts'
import { listTopics } from '../../engine/kafka/topic-list.ts'

/** What `verify` asks of Kafka, when it is told where that is. */
export function lookAt(settings: Settings, deep: boolean): LookAtKafka {
  const access = kafkaAccess(settings)
  const { group, outPrefix, outRetentionDays, finkCompat, finkPrefix } = settings
  return async (store, onProgress) => {
    await askInTime(access, listTopics)
    return Reconciler.open({
      access,
      group,
      store,
      prefix: outPrefix,
      finkPrefix: finkCompat ? finkPrefix : null,
      retentionDays: outRetentionDays,
      deep,
      onProgress
    }).catch((error: unknown) => {
      throw explain(access, error)
    })
  }
}
