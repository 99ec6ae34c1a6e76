import { DuckDBInstance } from '@duckdb/node-api'
import type { DuckDBConnection } from '@duckdb/node-api'
import { UsageError } from '../errors.ts'
import { localPaths } from './hdfs-copies.ts'
import { layerOf } from '../lake/layer-name.ts'
import type { LayerName } from '../lake/layer-name.ts'
import { expectLake } from '../lake/expect-lake.ts'
import type { PartRecord } from '../lake/ledger.ts'
import { readLedger } from '../lake/records.ts'
import type { Store } from '../store/store.ts'
import { ClosedPackets } from './closed-packets.ts'
import { shownAlerts, topicLayers } from './shown-alerts.ts'
import { loadStreamTopics } from './stream-topics.ts'
import { dropInjected, load, loadTopics, quoted, rows } from './tables.ts'
import type { TopicAim } from './tables.ts'
import { topicIds } from './topic-ids.ts'
import { topicRows } from './topic-rows.ts'
import type { TopicRow } from './topic-rows.ts'

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
    const closed = await ClosedPackets.read(store, streamed.length > 0 ? records : [])
    const uncounted = await loadStreamTopics(db, streamed, closed, quoted(alerts))
    await dropInjected(db, records)
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
