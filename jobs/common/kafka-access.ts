import { checkAuthority } from '../../engine/authority.ts'
import { UsageError } from '../../engine/errors.ts'
import type { KafkaAccess } from '../../engine/kafka/settings.ts'
import type { Settings } from '../settings/settings.ts'

/** How to reach Kafka, from the settings. @throws UsageError without brokers, and for an authority's file that cannot be read. */
export function kafkaAccess(settings: Settings): KafkaAccess {
  const { brokers, kafkaCa } = settings
  if (brokers.length === 0) throw new UsageError('no brokers: say where Kafka is with --brokers')
  const ca = kafkaCa === 'system' ? null : kafkaCa
  if (ca !== null) checkAuthority(ca)
  return {
    brokers,
    user: settings.kafkaUser,
    password: settings.kafkaPassword,
    mechanism: settings.kafkaMechanism,
    tls: kafkaCa !== null,
    ca
  }
}
