import type { Survey } from '../../contract/index.ts'
import type { From, KafkaAccess } from '../../kafka/settings.ts'

/** When a micro-batch is full: whichever comes first. */
export interface Trigger {
  readonly seconds: number
  readonly rows: number
  readonly bytes: number
}

/** All that a member of a live stream is started with: plain data. */
export interface StreamSettings {
  readonly kafka: KafkaAccess
  /** Names, or patterns between slashes: `/^ztf_\d+_programid1$/`. */
  readonly topics: readonly string[]
  readonly group: string
  readonly from: From
  readonly trigger: Trigger
  readonly lake: string
  readonly surveys: readonly Survey[]
  readonly modules: readonly string[] | null
  readonly filters: readonly string[] | null
  /** For how many days a copy is recognised after its original landed; null, or left out: for ever. */
  readonly duplicateNights?: number | null
  /** Folder or address of a registry with the writer schemas of Confluent-wire packets. */
  readonly schemas: string | null
  /** Folder of the catalogues that modules and filters ask; left out: none. */
  readonly catalogues?: string | null
  /** Surveys whose packets are kept compressed; null, or left out: as befits the store. */
  readonly compressPackets?: readonly Survey[] | null
  /** Topics get injected alerts too. */
  readonly withInjected?: boolean
  readonly output: OutputSettings
  /** A member that is silent for so long is taken for dead by its group. */
  readonly sessionSeconds: number
  /** Take topics over that another group filled the lake from, and output topics of others. */
  readonly takeOver: boolean
  /** How often new topics and partitions are looked for. */
  readonly refreshSeconds: number
}

/** The topics for subscribers. */
export interface OutputSettings {
  /** Goes before the name of each filter's topic. */
  readonly prefix: string
  readonly partitions: number
  readonly replication: number
  readonly retentionDays: number
  /** Address of a Confluent-compatible registry; null: none. */
  readonly registry: string | null
  /** Goes before the names of topics in Fink's form; without it there are none. */
  readonly finkPrefix?: string | null
}
