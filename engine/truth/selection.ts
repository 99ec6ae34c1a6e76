import { DuckDBInstance } from '@duckdb/node-api'
import { localPaths } from './hdfs-copies.ts'
import type { PartFile } from '../lake/ledger.ts'
import type { Store } from '../store/store.ts'
import { load, loadTopics, quoted } from './tables.ts'
import type { TopicAim } from './tables.ts'
import { topicRows } from './topic-rows.ts'
import type { TopicRow } from './topic-rows.ts'

/** What nothing in the lake says was selected, and of which files of alerts. */
export interface Selection {
  readonly aim: TopicAim
  readonly ids: readonly bigint[]
  readonly files: readonly Pick<PartFile, 'path' | 'bytes'>[]
}

/** How well a selection does by the truth that the lake was simulated from. @throws UsageError for what is no truth */
export async function judgeSelection(
  store: Store,
  truthFiles: readonly string[],
  { aim, ids, files }: Selection
): Promise<TopicRow> {
  const alerts = quoted(await localPaths(store, files))
  const instance = await DuckDBInstance.create(':memory:')
  const db = await instance.connect()
  try {
    const columns = 'alert_id, true AS pass, packet_file, packet_offset'
    await load(
      db,
      `SELECT ${columns} FROM read_parquet(${alerts}, union_by_name = true)`,
      truthFiles
    )
    await loadTopics(db, new Map([[aim.topic, [...ids]]]), [aim])
    const [row] = await topicRows(db, [aim])
    return row!
  } finally {
    db.closeSync()
    instance.closeSync()
  }
}
