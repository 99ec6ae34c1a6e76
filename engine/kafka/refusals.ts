import { findErrorBy, UserError } from '@platformatic/kafka'

/** True if an error of Kafka, however deep, is one of these. */
export function isKafkaError(error: unknown, ...ids: string[]): boolean {
  return error instanceof Error && ids.some((id) => findErrorBy(error, 'apiId', id) !== null)
}

/** A topic that was there is so no more: the client has words of its own for that, which hide Kafka's. */
export function isUnknownTopic(error: unknown): boolean {
  return unknownTopic(error) !== null
}

/** The topic that Kafka does not have; null where something else is wrong. */
export function unknownTopic(error: unknown): string | null {
  if (error instanceof AggregateError) {
    return error.errors.map(unknownTopic).find((topic) => topic !== null) ?? null
  }
  if (!(error instanceof Error)) return null
  const [, said] = /^Unknown topic (.+?)\.?$/.exec(error.message) ?? []
  return error instanceof UserError && said !== undefined ? said : unknownTopic(error.cause)
}

/** All that the user of a stream has to be allowed; a right to read or write a topic includes DESCRIBE of it. */
const RIGHTS =
  'READ of the input topics and of the group; READ, WRITE, CREATE and DESCRIBE_CONFIGS of the topics for subscribers (those with --out-prefix and --fink-prefix, <out-prefix>schemas too); ' +
  'READ, WRITE and CREATE of topic siskin-owners; WRITE of the transactional ids that begin with the name of the group, and of siskin-owners'

/**
 * Why Kafka refuses to take messages, as long as nobody changes anything: what it is about, by Kafka's own names.
 * Only the first kind is about the messages, and others may be taken beside them; so is the second, where a message is refused again and
 * again while others come through the same way. Nothing that is not here is a refusal: a
 * broker, a coordinator or a replica is away, or the producer has a successor.
 */
const REFUSALS = {
  message: {
    ids: ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'],
    text: 'does not take a message as it is'
  },
  way: {
    ids: ['CORRUPT_MESSAGE'],
    text: 'got other bytes than we sent: look at the network between here and the broker, and at the memory of both'
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
    text: `does not allow it to our user: it needs ${RIGHTS}`
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
