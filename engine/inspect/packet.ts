import { openSources } from '../consume/open.ts'
import type { Registry } from '../registry/registry.ts'
import type { Source } from '../consume/source.ts'
import { Damage } from '../consume/bytes.ts'
import { schemaIds } from '../decode/confluent.ts'
import { decodeRange } from '../decode/decode.ts'
import type { Decoded } from '../decode/decode.ts'
import { SchemaCache } from '../decode/schemas.ts'
import { SiskinError } from '../errors.ts'
import type { PacketRange } from '../packets.ts'
import type { Store } from '../store/store.ts'
import type { Reason } from '../reasons.ts'
import { packetsAt } from '../reread/packets.ts'
import { STAMPS } from '../table/table.ts'
import { alertRecord } from './record.ts'
import type { AlertRecord } from './record.ts'

const MOST_BYTES = 16 * 1024 * 1024

export type StampName = (typeof STAMPS)[number]

/** An alert as it is in its packet, with its stamps as the survey sent them. */
export interface OpenedPacket {
  readonly alert: AlertRecord
  readonly stamps: Partial<Record<StampName, Uint8Array>>
  readonly bytes: number
}

/** What the first packets of a file, folder or archive hold. */
export interface OpenedPackets {
  readonly packets: readonly OpenedPacket[]
  readonly quarantined: readonly {
    readonly position: number
    readonly name: string
    readonly reason: Reason
    readonly detail: string
  }[]
  readonly schemas: readonly { readonly survey: string; readonly version: string }[]
  /** False where more packets follow. */
  readonly complete: boolean
  /** What does not fit our table, once per schema; where the source is damaged. */
  readonly warnings: readonly string[]
}

/** Decodes the first `most` packets of what lies at `path`; without `sources` on a local disk. */
export async function openPackets(
  path: string,
  registry: Registry,
  most: number,
  sources?: readonly Pick<Source, 'ranges'>[]
): Promise<OpenedPackets> {
  for (const source of sources ?? (await localSources(path))) {
    const ranges = source.ranges({
      done: [],
      cut: { packets: most, bytes: MOST_BYTES },
      onRead: () => {},
      allocate: (size) => new ArrayBuffer(size)
    })
    const first = await ranges.next().catch(asFailure)
    if (first.done) continue
    const opened = open(first.value, await registry.resolve(schemaIds(first.value)))
    const second = await ranges.next().catch(asDamage)
    if (second instanceof Damage) {
      return { ...opened, complete: true, warnings: [...opened.warnings, second.message] }
    }
    await ranges.return(undefined)
    return { ...opened, complete: second.done ?? false }
  }
  throw new SiskinError(`${path} holds no packet`)
}

function localSources(path: string): Promise<Source[]> {
  return openSources([path])
}

function asDamage(error: unknown): Damage {
  if (error instanceof Damage) return error
  throw error
}

function asFailure(error: unknown): never {
  if (error instanceof SiskinError) throw error
  throw new SiskinError(asDamage(error).message, 1, { cause: error })
}

/**
 * The packet at a place of a lake's packet file, by one range read (and one for the writer schema).
 * @throws SiskinError when the file does not hold what the alert table says.
 */
export async function openLakePacket(
  store: Store,
  path: string,
  offset: number,
  length: number
): Promise<OpenedPacket> {
  const range = await packetsAt(store, [{ path, offset, length }])
  const { packets, quarantined } = open(range, new Map())
  if (packets[0]) return packets[0]
  throw new SiskinError(
    `packet at byte ${offset} of ${path}: ${quarantined[0]?.detail ?? 'unreadable'}; has the file been changed? siskin verify says`
  )
}

function open(
  range: PacketRange,
  registered: ReadonlyMap<number, Uint8Array>
): Omit<OpenedPackets, 'complete'> {
  const warnings: string[] = []
  const { alerts, quarantined } = decodeRange(range, {
    schemas: new SchemaCache((message) => warnings.push(message)),
    registered,
    surveys: ['ztf', 'lsst'],
    claim: () => true
  })
  return {
    packets: alerts.flatMap(packetsOf),
    quarantined: quarantined.map(({ position, name, reason, detail }) => ({
      position,
      name,
      reason,
      detail
    })),
    schemas: alerts.flatMap(({ origins }) =>
      origins.schemas.map(({ survey, version, fingerprint }) => ({
        survey,
        version: version || fingerprint.slice(0, 8)
      }))
    ),
    warnings
  }
}

function packetsOf({ table, origins }: Decoded): OpenedPacket[] {
  return Array.from({ length: table.rows }, (_, row) => {
    const bytes = origins.buffers[origins.buffer[row]!]!
    const stamps: Partial<Record<StampName, Uint8Array>> = {}
    for (const name of STAMPS) {
      const { start, length } = table.stamps[name]
      if (length[row]! > 0) {
        stamps[name] = bytes.subarray(start[row], start[row]! + length[row]!)
      }
    }
    return { alert: alertRecord(table, row), stamps, bytes: origins.length[row]! }
  })
}
