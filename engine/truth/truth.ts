import { DuckDBInstance } from '@duckdb/node-api'
import type { DuckDBConnection } from '@duckdb/node-api'
import { SiskinError, messageOf, UsageError } from '../errors.ts'
import { localPaths } from '../persist/hdfs-copies.ts'
import { noLake, readLedger } from '../persist/ledger.ts'
import type { Store } from '../persist/store.ts'
import { loadStreamTopics } from './stream-topics.ts'
import { topicIds } from './topic-ids.ts'

/** One class of the truth: what of it came, landed, passed the quality cuts. */
interface ClassRow {
  readonly class: string
  readonly objects: number
  readonly alerts: number
  readonly landed: number
  readonly quality: number
  /** Alerts selected, by topic. */
  readonly selected: Readonly<Record<string, number>>
}

/** How well a topic does what it is for. Null where its filter does not say what it seeks. */
interface TopicRow {
  readonly topic: string
  readonly seeks: readonly string[]
  readonly selected: number
  /** Share of the selected alerts that are of a class it seeks. */
  readonly purity: number | null
  /** Share of the landed alerts of those classes that it selected. */
  readonly completeness: number | null
  /** Share of the objects of those classes, with any landed alert, of which it selected one. */
  readonly objects: number | null
}

export interface TruthReport {
  readonly classes: readonly ClassRow[]
  readonly topics: readonly TopicRow[]
  /** Alerts of the lake that the truth does not know. */
  readonly unknown: number
  /** Good packets of the truth that are not in the lake. */
  readonly missing: number
  /** Selected alerts of parts whose ledger does not say which packets they are: not in the numbers. */
  readonly uncounted: number
}

export interface TopicAim {
  readonly topic: string
  readonly seeks: readonly string[]
}

/** Joins a lake with the truth it was simulated from. @throws UsageError if there is no such truth or lake. */
export async function judge(
  store: Store,
  truthFiles: readonly string[],
  aims: readonly TopicAim[]
): Promise<TruthReport> {
  const records = await readLedger(store)
  const files = records.flatMap((record) => record.files)
  const alerts = await localPaths(
    store,
    files.filter(({ kind }) => kind === 'alerts')
  )
  if (records.length === 0) throw noLake(store.root)
  if (alerts.length === 0) throw new UsageError(`the lake "${store.root}" holds no alerts yet`)
  const instance = await DuckDBInstance.create(':memory:')
  const db = await instance.connect()
  try {
    await load(db, alerts, truthFiles)
    await loadTopics(db, await topicIds(store, records), aims)
    const streamed = records.filter(({ stream }) => stream)
    const uncounted = await loadStreamTopics(db, streamed, quoted(alerts))
    return { ...(await report(db, aims)), uncounted }
  } finally {
    db.closeSync()
    instance.closeSync()
  }
}

const quoted = (values: readonly string[]) =>
  `[${values.map((value) => `'${value.replaceAll("'", "''")}'`).join(', ')}]`

async function load(
  db: DuckDBConnection,
  alerts: readonly string[],
  truthFiles: readonly string[]
): Promise<void> {
  try {
    await db.run(
      `CREATE TABLE truth AS SELECT DISTINCT ON (alert_id) alert_id, object_id, class,
         packet_kind FROM read_parquet(${quoted(truthFiles)})
       WHERE packet_kind <> 'duplicate' ORDER BY alert_id`
    )
  } catch (error) {
    throw new UsageError(`truth ${truthFiles.join(', ')}: ${messageOf(error)}`)
  }
  try {
    await db.run(
      `CREATE TABLE lake AS SELECT DISTINCT ON (alert_id) alert_id, coalesce(quality.pass, false) AS pass
       FROM read_parquet(${quoted(alerts)}, union_by_name = true)
       ORDER BY alert_id, packet_file DESC, packet_offset DESC`
    )
  } catch (error) {
    throw new SiskinError(`the lake cannot be read: ${messageOf(error)}`)
  }
}

async function loadTopics(
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
  await db.run('CREATE TABLE aims (topic VARCHAR, class VARCHAR)')
  for (const { topic, seeks } of aims) {
    if (seeks.length > 0) {
      await db.run(`INSERT INTO aims SELECT '${topic}', unnest(${quoted(seeks)})`)
    }
  }
}

async function rows<T>(db: DuckDBConnection, sql: string): Promise<T[]> {
  const reader = await db.runAndReadAll(sql)
  return reader.getRowObjectsJS() as T[]
}

async function report(
  db: DuckDBConnection,
  aims: readonly TopicAim[]
): Promise<Omit<TruthReport, 'uncounted'>> {
  const classes = await rows<{
    class: string
    objects: bigint
    alerts: bigint
    landed: bigint
    quality: bigint
  }>(
    db,
    `SELECT class, count(DISTINCT object_id) objects, count(*) alerts, count(lake.alert_id) landed,
       count(*) FILTER (lake.pass) quality
     FROM truth LEFT JOIN lake USING (alert_id) GROUP BY class ORDER BY alerts DESC, class`
  )
  const chosen = await rows<{ class: string; topic: string; n: bigint }>(
    db,
    `SELECT class, topic, count(*) n FROM selected JOIN truth USING (alert_id) GROUP BY ALL`
  )
  const topics = await rows<TopicNumbers>(
    db,
    `WITH sought AS (SELECT aims.topic, truth.* FROM aims JOIN truth USING (class) JOIN lake USING (alert_id)),
       hit AS (SELECT sought.* FROM sought JOIN selected USING (topic, alert_id))
     SELECT t.topic, (SELECT count(*) FROM selected s WHERE s.topic = t.topic) selected,
       (SELECT count(*) FROM hit h WHERE h.topic = t.topic) hits,
       (SELECT count(*) FROM sought s WHERE s.topic = t.topic) sought,
       (SELECT count(DISTINCT object_id) FROM hit h WHERE h.topic = t.topic) hit_objects,
       (SELECT count(DISTINCT object_id) FROM sought s WHERE s.topic = t.topic) sought_objects
     FROM (SELECT DISTINCT topic FROM selected UNION SELECT DISTINCT topic FROM aims) t ORDER BY topic`
  )
  const [{ unknown, missing } = { unknown: 0n, missing: 0n }] = await rows<{
    unknown: bigint
    missing: bigint
  }>(
    db,
    `SELECT (SELECT count(*) FROM lake ANTI JOIN truth USING (alert_id)) "unknown",
       (SELECT count(*) FROM truth ANTI JOIN lake USING (alert_id) WHERE packet_kind <> 'corrupt') missing`
  )
  return {
    classes: classes.map((row) => ({
      class: row.class,
      objects: Number(row.objects),
      alerts: Number(row.alerts),
      landed: Number(row.landed),
      quality: Number(row.quality),
      selected: Object.fromEntries(
        chosen.filter((c) => c.class === row.class).map((c) => [c.topic, Number(c.n)])
      )
    })),
    topics: topics.map((row) => topicRow(row, aims)),
    unknown: Number(unknown),
    missing: Number(missing)
  }
}

interface TopicNumbers {
  readonly topic: string
  readonly selected: bigint
  readonly hits: bigint
  readonly sought: bigint
  readonly hit_objects: bigint
  readonly sought_objects: bigint
}

function topicRow(row: TopicNumbers, aims: readonly TopicAim[]): TopicRow {
  const seeks = aims.find(({ topic }) => topic === row.topic)?.seeks ?? []
  const share = (part: bigint, whole: bigint) =>
    seeks.length === 0 || whole === 0n ? null : Number(part) / Number(whole)
  return {
    topic: row.topic,
    seeks,
    selected: Number(row.selected),
    purity: share(row.hits, row.selected),
    completeness: share(row.hits, row.sought),
    objects: share(row.hit_objects, row.sought_objects)
  }
}
