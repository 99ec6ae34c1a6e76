import { DuckDBInstance } from '@duckdb/node-api'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { Seeks } from '../contract/index.ts'
import { SiskinError, messageOf, UsageError } from '../errors.ts'
import { localPaths } from '../lake/hdfs-copies.ts'
import { layerOf } from '../lake/layer-name.ts'
import type { LayerName } from '../lake/layer-name.ts'
import { expectLake } from '../lake/expect-lake.ts'
import { readLedger } from '../lake/ledger.ts'
import type { PartRecord } from '../lake/ledger.ts'
import type { Store } from '../store/store.ts'
import { inPhase } from './phases.ts'
import { shownAlerts, topicLayers } from './shown-alerts.ts'
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

/**
 * How well a topic does what it is for. Shares are null where its filter does not say what it seeks.
 * Findable is a landed alert of a class it seeks, in the phase it seeks: nothing else can be missed.
 */
interface TopicRow {
  readonly topic: string
  readonly seeks: Seeks | null
  readonly selected: number
  /** Share of the selected alerts that are of a class it seeks, and of those in its phase too. */
  readonly purity: number | null
  readonly inPhase: number | null
  /** Findable alerts, and the share of them that it selected. */
  readonly findable: number
  readonly completeness: number | null
  /** Objects with a selected alert, and the share of them that are of a class it seeks. */
  readonly objects: number
  readonly objectPurity: number | null
  /** Share of the objects with a findable alert of which it selected a findable one. */
  readonly objectCompleteness: number | null
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
  readonly seeks: Seeks | null
}

/** Joins a lake with the truth it was simulated from. `layers`: versions of modules that count instead of the newest. @throws UsageError if there is no such truth or lake. */
export async function judge(
  store: Store,
  truthFiles: readonly string[],
  aims: readonly TopicAim[],
  layers: readonly string[] = []
): Promise<TruthReport> {
  await expectLake(store)
  const records = await readLedger(store)
  const files = records.flatMap((record) => record.files)
  const own = files.filter(({ kind }) => kind === 'alerts')
  const alerts = await localPaths(store, own)
  if (alerts.length === 0) throw new UsageError(`the lake "${store.root}" holds no alerts yet`)
  const shown = await shownAlerts(store, own, PASS, layers)
  const anew = await topicLayers(store)
  const all = [...aims, ...aimsAnew(anew, aims)]
  const instance = await DuckDBInstance.create(':memory:')
  const db = await instance.connect()
  try {
    await load(db, shown, truthFiles)
    await loadTopics(db, await topicIds(store, [...records, ...anew]), all)
    const streamed = records.filter(({ stream }) => stream)
    const uncounted = await loadStreamTopics(db, streamed, quoted(alerts))
    return { ...(await report(db, all)), uncounted }
  } finally {
    db.closeSync()
    instance.closeSync()
  }
}

const PASS = 'alert_id, coalesce(quality.pass, false) AS pass, packet_file, packet_offset'

/** What was selected of history anew is judged as its topic. */
function aimsAnew(records: readonly PartRecord[], aims: readonly TopicAim[]): TopicAim[] {
  const names = new Set(records.flatMap(({ source }) => layerOf(source)?.layer ?? []).map(topicOf))
  return [...names].map((topic) => {
    const aim = aims.find((one) => topic.startsWith(`${one.topic}@`))
    return { topic, seeks: aim?.seeks ?? null }
  })
}

function topicOf({ name, version }: LayerName): string {
  return `${name}@${version}`
}

const quoted = (values: readonly string[]) =>
  `[${values.map((value) => `'${value.replaceAll("'", "''")}'`).join(', ')}]`

async function load(
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
  const topics = await topicRows(db, aims)
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
    topics,
    unknown: Number(unknown),
    missing: Number(missing)
  }
}

interface TopicNumbers {
  readonly topic: string
  readonly selected: bigint
  readonly objects: bigint
  readonly of_class: bigint
  readonly objects_of_class: bigint
  readonly in_phase: bigint
  readonly objects_in_phase: bigint
  readonly findable: bigint
  readonly objects_findable: bigint
}

async function topicRows(db: DuckDBConnection, aims: readonly TopicAim[]): Promise<TopicRow[]> {
  const numbers = await rows<TopicNumbers>(
    db,
    `WITH picked AS (SELECT topic, count(*) selected, count(DISTINCT object_id) objects
         FROM selected LEFT JOIN truth USING (alert_id) GROUP BY topic),
       there AS (SELECT topic, count(*) FILTER (in_phase) findable,
           count(DISTINCT object_id) FILTER (in_phase) objects_findable
         FROM sought GROUP BY topic),
       hit AS (SELECT topic, count(*) of_class, count(DISTINCT object_id) objects_of_class,
           count(*) FILTER (in_phase) in_phase,
           count(DISTINCT object_id) FILTER (in_phase) objects_in_phase
         FROM selected JOIN sought USING (topic, alert_id) GROUP BY topic)
     SELECT topic, COLUMNS(* EXCLUDE (topic)) FROM (
       SELECT * FROM picked FULL JOIN there USING (topic) FULL JOIN hit USING (topic))
     ORDER BY topic`
  )
  const idle = aims.filter(({ topic }) => numbers.every((row) => row.topic !== topic))
  const empty = idle.map(({ topic }) => ({ topic }) as TopicNumbers)
  return [...numbers, ...empty]
    .sort((a, b) => (a.topic < b.topic ? -1 : 1))
    .map((row) => topicRow(row, aims))
}

function topicRow(row: TopicNumbers, aims: readonly TopicAim[]): TopicRow {
  const seeks = aims.find(({ topic }) => topic === row.topic)?.seeks ?? null
  const share = (part: bigint | null, whole: bigint | null) =>
    seeks === null || !whole ? null : Number(part ?? 0n) / Number(whole)
  return {
    topic: row.topic,
    seeks,
    selected: Number(row.selected ?? 0n),
    purity: share(row.of_class, row.selected),
    inPhase: share(row.in_phase, row.selected),
    findable: Number(row.findable ?? 0n),
    completeness: share(row.in_phase, row.findable),
    objects: Number(row.objects ?? 0n),
    objectPurity: share(row.objects_of_class, row.objects),
    objectCompleteness: share(row.objects_in_phase, row.objects_findable)
  }
}
