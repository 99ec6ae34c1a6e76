import type { DuckDBConnection } from '@duckdb/node-api'
import type { Seeks } from '../contract/index.ts'
import { rows } from './tables.ts'
import type { TopicAim } from './tables.ts'

/**
 * How well a topic does what it is for. Shares are null where its filter does not say what it seeks.
 * Findable is a landed alert of a class it seeks, in the phase it seeks: nothing else can be missed.
 */
export interface TopicRow {
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

/** By the tables that `tables.ts` makes; a topic that selected nothing has its row. */
export async function topicRows(
  db: DuckDBConnection,
  aims: readonly TopicAim[]
): Promise<TopicRow[]> {
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
