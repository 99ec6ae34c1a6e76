import { findErrorBy } from '@platformatic/kafka'

/** True if an error of Kafka, however deep, is one of these. */
export function isKafkaError(error: unknown, ...ids: string[]): boolean {
  return error instanceof Error && ids.some((id) => findErrorBy(error, 'apiId', id) !== null)
}

/**
 * Why Kafka refuses to take messages, as long as nobody changes anything: what it is about, by Kafka's own names.
 * Only the first kind is about the messages, and others may be taken beside them. Nothing that is not here is a refusal: a
 * broker, a coordinator or a replica is away, or the producer has a successor.
 */
const REFUSALS = {
  message: {
    ids: ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'CORRUPT_MESSAGE'],
    text: 'does not take a message as it is'
  },
  clock: {
    ids: ['INVALID_TIMESTAMP'],
    text: 'refuses the time stamps of our messages: is the clock of this machine right, and what do message.timestamp.before.max.ms and message.timestamp.after.max.ms of the topics allow?'
  },
  access: {
    ids: [
      'TOPIC_AUTHORIZATION_FAILED',
      'GROUP_AUTHORIZATION_FAILED',
      'CLUSTER_AUTHORIZATION_FAILED',
      'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
      'SECURITY_DISABLED'
    ],
    text: 'does not allow it to our user: give it the rights (READ of input topics and the group; WRITE, CREATE and DESCRIBE of topics for subscribers and of transactional ids)'
  },
  topic: {
    ids: [
      'INVALID_RECORD',
      'POLICY_VIOLATION',
      'UNSUPPORTED_COMPRESSION_TYPE',
      'UNSUPPORTED_FOR_MESSAGE_FORMAT',
      'INVALID_REQUIRED_ACKS',
      'INVALID_TOPIC_EXCEPTION',
      'INVALID_CONFIG',
      'INVALID_TRANSACTION_TIMEOUT',
      'UNSUPPORTED_VERSION'
    ],
    text: 'refuses what we send by a rule of its topics or of its own: mend the settings of the topic, or of the broker'
  }
} as const

type RefusalKind = keyof typeof REFUSALS

interface Refusal {
  readonly kind: RefusalKind
  /** Kafka's name for it. */
  readonly id: string
  readonly text: string
}

/** What Kafka refuses, where it does; null for an error of any other kind. */
export function refusalOf(error: unknown): Refusal | null {
  const kinds = Object.keys(REFUSALS) as RefusalKind[]
  for (const kind of kinds.reverse()) {
    const { ids, text } = REFUSALS[kind]
    const id = ids.find((name) => isKafkaError(error, name))
    if (id !== undefined) return { kind, id, text }
  }
  return null
}
