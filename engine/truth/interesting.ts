import { DuckDBInstance } from '@duckdb/node-api'
import { localPaths } from './hdfs-copies.ts'
import type { PartRecord } from '../lake/ledger.ts'
import type { Store } from '../store/store.ts'
import { topicIds } from './topic-ids.ts'
import { readLedger } from '../lake/records.ts'

/** An object worth a look, by its latest alert in a topic. */
export interface Interesting {
  readonly alertId: bigint
  readonly objectId: string
  readonly survey: string
  readonly detections: number
  readonly topics: readonly string[]
}

/** Moving objects are many and each alert of theirs stands alone: not what a newcomer wants to see first. */
const LEFT_OUT = /solar-system/

/** The objects of these sources that most topics chose, the longest light curves first among equals. */
export async function mostInteresting(
  store: Store,
  sources: readonly string[],
  count: number
): Promise<Interesting[]> {
  const records = (await readLedger(store)).filter(({ source }) => sources.includes(source))
  const topics = new Map<bigint, string[]>()
  for (const [topic, ids] of await topicIds(store, records)) {
    if (LEFT_OUT.test(topic)) continue
    for (const id of new Set(ids)) topics.set(id, [...(topics.get(id) ?? []), topic])
  }
  const chosen = [...topics].sort(([, a], [, b]) => b.length - a.length).slice(0, 500)
  const rows = await describe(
    store,
    records,
    chosen.map(([id]) => id)
  )
  const ranked = rows
    .map((row) => ({ ...row, topics: topics.get(row.alertId) ?? [] }))
    .sort((a, b) => b.topics.length - a.topics.length || b.detections - a.detections)
  const objects = new Map<string, Interesting>()
  for (const row of ranked) if (!objects.has(row.objectId)) objects.set(row.objectId, row)
  return [...objects.values()].slice(0, count)
}

async function describe(
  store: Store,
  records: readonly PartRecord[],
  ids: readonly bigint[]
): Promise<Omit<Interesting, 'topics'>[]> {
  const parts = records.flatMap((record) => record.files)
  const alerts = parts.filter(({ kind }) => kind === 'alerts')
  const files = (await localPaths(store, alerts)).map((path) => `'${path}'`)
  if (files.length === 0 || ids.length === 0) return []
  const instance = await DuckDBInstance.create(':memory:')
  const db = await instance.connect()
  try {
    const reader = await db.runAndReadAll(
      `SELECT alert_id, object_id, survey, len(list_filter(history_detected, d -> d)) detections
       FROM read_parquet([${files.join(', ')}], union_by_name = true)
       WHERE alert_id IN (${ids.join(', ')}) AND object_id IS NOT NULL ORDER BY alert_id`
    )
    return reader.getRowObjectsJS().map((row) => ({
      alertId: row['alert_id'] as bigint,
      objectId: row['object_id'] as string,
      survey: row['survey'] as string,
      detections: Number(row['detections'])
    }))
  } finally {
    db.closeSync()
    instance.closeSync()
  }
}
