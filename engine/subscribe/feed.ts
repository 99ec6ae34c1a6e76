/** A message of a topic, not decoded yet. */
export interface Incoming {
  readonly topic: string
  /** Where it lies, for people: topic, partition and offset, or a file. */
  readonly place: string
  /** Its schema, JSON text; one text for all messages that share it. */
  readonly schema: string
  readonly datum: Uint8Array
  /** Why it cannot be read; then it has neither schema nor datum. */
  readonly fault?: string
}

/** A message that is named and passed over. */
export function unreadable(topic: string, place: string, fault: string): Incoming {
  return { topic, place, schema: '', datum: new Uint8Array(0), fault }
}

/** What is read at once, in order. */
export interface MessageBatch {
  readonly messages: readonly Incoming[]
  /** The first `count` messages are dealt with: the next reading begins behind them. */
  commit(count: number): Promise<void>
}

/** Where messages come from: Kafka, or the files of a lake. */
export interface Feed {
  /** The next messages; null at the end, or when `stop` comes. */
  next(stop: AbortSignal): Promise<MessageBatch | null>
  close(): Promise<void>
}

/** Where reading begins: where the group stopped, an end, or a time in ms. */
export type ReadFrom = 'committed' | 'earliest' | 'latest' | number

/** How far a group is with one partition of a topic, or with one night of a lake's topic. */
export interface LagRow {
  readonly topic: string
  /** Partition of Kafka, or night. */
  readonly partition: string
  /** Null: the group has read nothing of it. */
  readonly position: number | null
  readonly end: number
  /** Alerts that are unread. */
  readonly lag: number
  /** False where there were too many to count them: no more than these. */
  readonly isExact: boolean
}
