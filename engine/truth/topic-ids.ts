import { readFirstLong } from '../avro/container.ts'
import { OWN } from '../lake/ledger.ts'
import type { PartRecord } from '../lake/ledger.ts'
import type { Store } from '../store/store.ts'

/** The alert ids that the topic files of parts hold, by topic: `alert_id` is the first field of every message. */
export async function topicIds(
  store: Store,
  records: readonly PartRecord[]
): Promise<Map<string, bigint[]>> {
  const ids = new Map<string, bigint[]>()
  for (const record of records) {
    for (const { topic } of Object.values(record.filters)) ids.set(topic, ids.get(topic) ?? [])
    for (const file of record.files) {
      if (file.kind !== 'topic') continue
      const topic = file.path.split('/')[1] ?? OWN
      const own = ids.get(topic) ?? []
      own.push(...readFirstLong(await store.read(file.path)))
      ids.set(topic, own)
    }
  }
  return ids
}
