import type { RecordBatch } from 'apache-arrow'
import { messageOf } from '../errors.ts'
import { DamagedFile } from './damaged.ts'
import { alertsOf, longsOf } from './load.ts'
import { RowKeys } from './order.ts'
import type { PartTable } from './part-table.ts'
import type { Found, Takeable } from './taking.ts'
import { inOrder } from './threads.ts'
import type { CloseThreads } from './threads.ts'

/** Parts whose alerts have the same columns, made by the same versions: what a file can be made of. */
export interface Group {
  readonly parts: readonly Takeable[]
  /** Bytes of their alerts in memory, about. */
  readonly bytes: readonly number[]
  /** Alerts that were read already, by the path of their file. */
  readonly kept: ReadonlyMap<string, RecordBatch>
  readonly keys: RowKeys
  /** The provenance that all of them have. */
  readonly provenance: Readonly<Record<string, string>>
}

/** What the provenance says of the part alone. */
const OF_PART = ['siskin.part', 'siskin.source', 'siskin.first', 'siskin.last', 'siskin.rows']

interface Draft extends Group {
  readonly kept: Map<string, RecordBatch>
  readonly parts: Takeable[]
  readonly bytes: number[]
}

/** What is read of a part that does not fit. */
const KEYS = ['healpix', 'alert_id']

/** How much larger the columns are in memory than in a file, about. */
const UNPACKED = 4

/**
 * Reads the keys of all rows, of each part its file of alerts whole, so that one that is damaged is known before anything is
 * written. What fits into memory is kept.
 */
export async function groupsOf(
  { read, atOnce }: CloseThreads,
  found: readonly Takeable[],
  memory: number
): Promise<{ readonly groups: readonly Group[]; readonly broken: Found['broken'] }> {
  const groups = new Map<string, Draft>()
  const broken: Found['broken'][number][] = []
  const keptOf = keeper(memory)
  const tables = inOrder(found, atOnce, async (part) => {
    const isKept = keptOf(part)
    return { isKept, table: await read(alertsOf(part), isKept ? undefined : KEYS) }
  })
  for await (const [part, made] of tables) {
    try {
      const { isKept, table } = await made()
      const { batch } = table
      const bytes = bytesOf(part)
      const provenance = provenanceOf(table, part)
      const name = [table.schema, JSON.stringify(provenance)].join('\n')
      const group = groups.get(name) ?? draftOf(provenance)
      groups.set(name, group)
      const [sky, ids] = [longsOf(batch, 'healpix'), longsOf(batch, 'alert_id')]
      group.keys.add(sky, ids, group.parts.length)
      if (isKept) group.kept.set(alertsOf(part).path, batch)
      group.parts.push(part)
      group.bytes.push(bytes)
    } catch (error) {
      if (!(error instanceof DamagedFile)) throw error
      broken.push({ part: part.record.part, reason: messageOf(error) })
    }
  }
  return { groups: [...groups.values()], broken }
}

function draftOf(provenance: Draft['provenance']): Draft {
  return { parts: [], bytes: [], kept: new Map(), keys: new RowKeys(), provenance }
}

/** Bytes of its alerts in memory, about. */
function bytesOf(part: Takeable): number {
  return alertsOf(part).bytes * UNPACKED
}

/** Says of parts, one after the other, whether their alerts fit beside those that are kept already. */
function keeper(memory: number): (part: Takeable) => boolean {
  let held = 0
  return (part) => {
    const bytes = bytesOf(part)
    const isKept = held + bytes <= memory
    if (isKept) held += bytes
    return isKept
  }
}

/** With the versions of the layers that are folded in. */
function provenanceOf({ keys }: PartTable, { layers }: Takeable): Record<string, string> {
  const own = Object.fromEntries(Object.entries(keys).filter(([key]) => !OF_PART.includes(key)))
  const versions = new Map(
    (own['siskin.modules'] ?? '').split(' ').flatMap((text) => {
      const [name, version] = text.split('@')
      return name && version ? [[name, version]] : []
    })
  )
  for (const { layer } of layers) versions.set(layer.name, layer.version)
  const modules = [...versions].map(([name, version]) => `${name}@${version}`).join(' ')
  const folded = layers.map(({ layer }) => `${layer.name}@${layer.version}`).join(' ')
  return { ...own, 'siskin.modules': modules, ...(folded && { 'siskin.folded': folded }) }
}

/** Versions of modules that the rows of a group have. */
export function versionsOf({ provenance }: Group): Record<string, string> {
  const texts = (provenance['siskin.modules'] ?? '').split(' ').filter(Boolean)
  return Object.fromEntries(texts.map((text) => text.split('@') as [string, string]))
}
