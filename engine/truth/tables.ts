import type { DuckDBConnection } from '@duckdb/node-api'
import type { Seeks } from '../contract/index.ts'
import { SiskinError, messageOf, UsageError } from '../errors.ts'
import type { PartRecord } from '../lake/ledger.ts'
import { inPhase } from './phases.ts'

export interface TopicAim {
  readonly topic: string
  readonly seeks: Seeks | null
}

/** Texts as a list in SQL. */
export const quoted = (values: readonly string[]) =>
  `[${values.map((value) => `'${value.replaceAll("'", "''")}'`).join(', ')}]`

/** The tables `truth`, of which `truthFiles` tell, and `lake`, which a SELECT makes. */
export async function load(
  db: DuckDBConnection,
  alerts: string,
  truthFiles: readonly string[]
): Promise<void> {
  try {
    await db.run(
      `CREATE TABLE truth AS SELECT DISTINCT ON (alert_id) alert_id, object_id, class,
         packet_kind, age, true_rate, true_amplitude, is_named FROM read_parquet(${quoted(truthFiles)})
       WHERE packet_kind <> 'duplicate' ORDER BY alert_id`
    )
  } catch (error) {
    const [, lacking] = /column "(\w+)" not found/i.exec(messageOf(error)) ?? []
    const isOld = lacking !== undefined && /^(age|true_\w+|is_named)$/.test(lacking)
    const reason = isOld
      ? 'it does not tell the moment of an alert: simulate it again'
      : lacking === undefined
        ? messageOf(error)
        : `no table of truth, it has no column "${lacking}"; siskin simulate writes it beside the archive, as night.truth.parquet`
    throw new UsageError(`truth ${truthFiles.join(', ')}: ${reason}`)
  }
  try {
    await db.run(
      `CREATE TABLE lake AS SELECT DISTINCT ON (alert_id) alert_id, pass FROM (${alerts})
       ORDER BY alert_id, packet_file DESC, packet_offset DESC`
    )
  } catch (error) {
    throw new SiskinError(`the lake cannot be read: ${messageOf(error)}`)
  }
}

/** The tables `selected`, from the ids of each topic, and `sought`. */
export async function loadTopics(
  db: DuckDBConnection,
  ids: ReadonlyMap<string, bigint[]>,
  aims: readonly TopicAim[]
): Promise<void> {
  await db.run('CREATE TABLE selected (topic VARCHAR, alert_id BIGINT)')
  const appender = await db.createAppender('selected')
  for (const [topic, list] of ids) {
    for (const id of new Set(list)) {
      appender.appendVarchar(topic)
      appender.appendBigInt(id)
      appender.endRow()
    }
  }
  appender.closeSync()
  await db.run(
    'CREATE TABLE sought (topic VARCHAR, alert_id BIGINT, object_id VARCHAR, in_phase BOOLEAN)'
  )
  for (const { topic, seeks } of aims) {
    if (seeks === null) continue
    await db.run(
      `INSERT INTO sought SELECT '${topic}', alert_id, object_id, ${inPhase(seeks)}
       FROM truth JOIN lake USING (alert_id) WHERE list_contains(${quoted(seeks.classes)}, class)`
    )
  }
}

/** What topics have of injected alerts is no finding. */
export async function dropInjected(
  db: DuckDBConnection,
  records: readonly PartRecord[]
): Promise<void> {
  const ids = records.flatMap(({ injected }) =>
    injected?.published ? Object.values(injected.topics).flat() : []
  )
  if (ids.length > 0) await db.run(`DELETE FROM selected WHERE alert_id IN (${ids.join(', ')})`)
}

export async function rows<T>(db: DuckDBConnection, sql: string): Promise<T[]> {
  const reader = await db.runAndReadAll(sql)
  return reader.getRowObjectsJS() as T[]
}
