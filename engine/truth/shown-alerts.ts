import type { Survey } from '../contract/index.ts'
import { shownIn } from '../layers/views.ts'
import { alertsSql } from '../layers/view-sql.ts'
import { localPaths } from './hdfs-copies.ts'
import { layersIn, recordsOf } from '../lake/layers.ts'
import type { PartFile, PartRecord } from '../lake/ledger.ts'
import type { Store } from '../store/store.ts'

/** The records of the topics that were selected of history anew. */
export async function topicLayers(store: Store): Promise<PartRecord[]> {
  const records: PartRecord[] = []
  for (const layer of await layersIn(store)) {
    if (layer.kind !== 'topics') continue
    for await (const record of recordsOf(store, layer)) records.push(record)
  }
  return records
}

/**
 * SELECTs of some columns of the alerts that a lake has, each with what the newest versions of modules say of them.
 * @param chosen versions that are shown instead
 */
export async function shownAlerts(
  store: Store,
  alerts: readonly PartFile[],
  columns: string,
  chosen: readonly string[]
): Promise<string> {
  const all = [...alerts, ...(await layerFiles(store))]
  const paths = await localPaths(store, all)
  const files = (below: string) => {
    const own = all.flatMap(({ path }, i) => (path.startsWith(`${below}/`) ? [paths[i]!] : []))
    return `[${own.map((path) => `'${path.replaceAll("'", "''")}'`).join(', ')}]`
  }
  const surveys = (['ztf', 'lsst'] as const).filter((survey: Survey) =>
    alerts.some(({ path }) => path.startsWith(`${survey}/`))
  )
  const selects: string[] = []
  for (const survey of surveys) {
    const shown = await shownIn(store, survey, chosen)
    selects.push(`SELECT ${columns} FROM (${alertsSql(survey, shown, files)})`)
  }
  return selects.join('\nUNION ALL\n')
}

async function layerFiles(store: Store): Promise<PartFile[]> {
  const files: PartFile[] = []
  for (const layer of await layersIn(store)) {
    if (layer.kind !== 'layers') continue
    for await (const record of recordsOf(store, layer)) files.push(...record.files)
  }
  return files
}
