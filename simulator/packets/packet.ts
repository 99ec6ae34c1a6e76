import type { Segment } from '../archive/segments.ts'
import type { StampSet } from '../images/stamps.ts'
import type { History } from '../observe/history.ts'
import type { Measurement } from '../observe/photometry.ts'
import type { SkyObject } from '../population/objects.ts'

/** One packet under way. */
export interface Packet {
  readonly id: bigint
  readonly objectId: string
  readonly segments: readonly Segment[]
}

/** What a packet tells of: an object found in an exposure, with its past. */
export interface Alert {
  readonly object: SkyObject
  readonly found: Measurement
  readonly history: History
}

/** The same without the frame that it is sent in. */
export interface Datum {
  readonly id: bigint
  readonly objectId: string
  readonly body: readonly Segment[]
}

export interface Packer {
  datum(alert: Alert, stamps: StampSet | null): Datum
  pack(alert: Alert, stamps: StampSet | null): Packet
}
