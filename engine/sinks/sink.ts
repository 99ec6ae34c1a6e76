import type { Decoded } from '../decode/decode.ts'
import type { LaidFile } from '../lake/part.ts'
import type { InputPlace } from '../lake/files/places.ts'
import type { SelectedMessage } from '../publish/kafka.ts'
import type { Selection } from '../publish/select.ts'
import type { Enriched } from '../table/enriched.ts'

/** One survey's alerts of a part, decoded and enriched, on their way out. */
export interface Outgoing {
  readonly source: string
  /** First position of the part. */
  readonly first: number
  /** What the names of its files begin with: see `partPath`. */
  readonly part: string
  /** Alerts of another survey are in the same part. */
  readonly isShared: boolean
  readonly alerts: Decoded
  readonly batch: Enriched
  /** Rows by night. */
  readonly nights: ReadonlyMap<number, Int32Array>
  /** Which message of its partition each row came in; null for packets of files. */
  readonly places: readonly InputPlace[] | null
  /** Provenance, for the files of the part. */
  readonly metadata: Readonly<Record<string, string>>
}

/**
 * What a sink makes of alerts. Files are staged before the commit of their part and placed after it; messages are sent in the
 * transaction that is the commit. Recovery follows from that: see `commit/`.
 */
interface Encoded {
  readonly files?: readonly LaidFile[]
  readonly messages?: readonly SelectedMessage[]
  /** The selections without the alerts that fit nowhere: all that is published, and what the sinks behind this one get. */
  readonly selections?: readonly Selection[]
}

/** Somewhere that alerts end up. */
export interface Sink {
  readonly kind: 'lake' | 'files' | 'kafka' | 'fink'
  /** What its time is counted as in the record of the part. */
  readonly stage: 'parquet' | 'publish'
  /** Makes what goes out, in memory: the same input gives the same bytes, and nothing outside is touched. */
  encode(outgoing: Outgoing, selections: readonly Selection[]): Encoded
}
