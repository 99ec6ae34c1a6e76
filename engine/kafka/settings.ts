/** Where a partition begins that the group has no position of: an end of it, or a time in ms. */
export type From = 'earliest' | 'latest' | number

/** How to reach Kafka. */
export interface KafkaAccess {
  readonly brokers: readonly string[]
  readonly user: string | null
  readonly password: string | null
  readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'
  readonly tls: boolean
  /** PEM file of the authority that signed the brokers' certificates; null: the system's. */
  readonly ca: string | null
}
