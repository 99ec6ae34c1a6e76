import type { Survey } from '../contract/index.ts'
import type { LayerName } from '../lake/layer-name.ts'

/** What DuckDB is told of the Parquet files below a folder of the lake: a pattern or a list, as SQL. */
export type Files = (below: string) => string

/** The layers of a module that are shown, and in which order. */
export interface ShownModule {
  readonly module: string
  /** The first that has a row gives its columns. */
  readonly layers: readonly LayerName[]
  /** Only this version of the parts' own columns comes behind them; null: any. */
  readonly only: string | null
}

/** A file of a layer lies where that of its part does, and its rows are in the same order. */
const PLACE = "regexp_extract(filename, 'night=[0-9]{8}/[^/]+/[^/]+$') AS place"
/** Parts of older versions have no such column. */
const MARK = '(SELECT NULL::BOOLEAN AS injected LIMIT 0)'
const READ = 'union_by_name = true, filename = true, file_row_number = true'

/** A SELECT of a survey's alerts, without those that were injected. Of copies and corrected alerts it shows the last, as every reader. */
export function alertsSql(survey: Survey, shown: readonly ShownModule[], files: Files): string {
  const base = files(`${survey}/alerts`)
  const layers = shown.flatMap(({ module, layers: own }) =>
    own.map((layer, i) => ({ alias: `${module}_${i + 1}`, sql: layerSql(survey, layer, files) }))
  )
  // a module that is younger than all parts has no column there: an empty branch brings it
  const columns = shown.flatMap(({ module, layers: [layer] }) =>
    layer ? [`(SELECT ${module} FROM (${layerSql(survey, layer, files)}) LIMIT 0)`] : []
  )
  return [
    `SELECT a.* EXCLUDE (filename, file_row_number, place)${replaced(shown)}`,
    `FROM (`,
    `  SELECT *, ${PLACE} FROM read_parquet(${base}, ${READ}, hive_partitioning = true)`,
    ...[MARK, ...columns].map((empty) => `  UNION ALL BY NAME ${empty}`),
    ') a',
    ...layers.map(
      ({ alias, sql }) => `LEFT JOIN (${sql}) ${alias} USING (night, place, file_row_number)`
    ),
    ...(shown.some(({ only }) => only !== null)
      ? [
          `LEFT JOIN (SELECT file_name AS filename, decode(value) AS made_by FROM parquet_kv_metadata(${base}) WHERE decode(key) = 'siskin') made USING (filename)`
        ]
      : []),
    'WHERE a.injected IS NOT TRUE',
    'QUALIFY row_number() OVER (PARTITION BY a.night, a.alert_id ORDER BY a.packet_file DESC, a.packet_offset DESC) = 1'
  ].join('\n')
}

function replaced(shown: readonly ShownModule[]): string {
  if (shown.length === 0) return ''
  const values = shown.map(({ module, layers, only }) => {
    const own = layers.map((_, i) => `${module}_${i + 1}.${module}`)
    const base = `a.${module}`
    const last =
      only === null
        ? base
        : `CASE WHEN regexp_matches(made_by, '${madeBy(module, only)}') THEN ${base} END`
    return `coalesce(${[...own, last].join(', ')}) AS ${module}`
  })
  return ` REPLACE (${values.join(', ')})`
}

function madeBy(module: string, version: string): string {
  return `[ "]${module}@${version.replaceAll(/[.+]/g, '[$&]')}[ "]`
}

function layerSql(survey: Survey, { name, version }: LayerName, files: Files): string {
  const own = files(`${survey}/layers/${name}@${version}`)
  return `SELECT night, ${PLACE}, file_row_number, ${name} FROM read_parquet(${own}, ${READ}, hive_partitioning = true)`
}

/** A layer alone: night, id and columns. */
export function layerAlone(survey: Survey, { name, version }: LayerName, files: Files): string {
  const own = files(`${survey}/layers/${name}@${version}`)
  return `SELECT night, alert_id, ${name} FROM read_parquet(${own}, union_by_name = true, hive_partitioning = true)`
}
