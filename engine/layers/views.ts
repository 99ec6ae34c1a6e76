import type { Survey } from '../contract/index.ts'
import { UsageError } from '../errors.ts'
import { compareVersions, isShown, parseLayer } from '../lake/layer-name.ts'
import type { LayerName } from '../lake/layer-name.ts'
import { layersIn } from '../lake/layers.ts'
import { replaceBytes } from '../store/replace-file.ts'
import type { Store } from '../store/store.ts'
import { VIEWS } from '../verify/strays.ts'
import { nightsIn } from '../reread/alert-files.ts'
import { alertsSql, layerAlone } from './view-sql.ts'
import type { Files, ShownModule } from './view-sql.ts'
import { readLedger } from '../lake/records.ts'

const HEAD = [
  '-- The alerts of this lake for DuckDB: a view a survey (ztf, lsst), each module in its newest version; the same as its',
  '-- parts have them themselves (ztf_parts); and a view a layer, as "ztf_rate@1.1.0". Siskin writes this file when it writes',
  '-- a layer; siskin views prints it for where the lake lies now.'
]

/**
 * SQL that makes the views of a lake.
 * @param root of the lake, as DuckDB is to find it
 * @param chosen versions (`rate@1.0.0`) that are shown instead of the newest of their module; where a part has none of it, null
 * @throws UsageError for a version that nothing in the lake has
 */
export async function viewsOf(
  store: Store,
  root: string,
  chosen: readonly string[] = []
): Promise<string> {
  const files: Files = (below) => quoted(`${root}/${below}/**/*.parquet`)
  const views: string[] = []
  for (const survey of ['ztf', 'lsst'] as const) {
    if ((await nightsIn(store, survey)).length === 0) continue
    const shown = await shownIn(store, survey, chosen)
    views.push(
      view(survey, alertsSql(survey, shown, files)),
      view(`${survey}_parts`, alertsSql(survey, [], files))
    )
    for (const layer of await layersOf(store, survey)) {
      const sql = layerAlone(survey, layer, files)
      views.push(view(`"${survey}_${layer.name}@${layer.version}"`, sql))
    }
  }
  return [...HEAD, ...views, ''].join('\n')
}

function view(name: string, sql: string): string {
  return `CREATE OR REPLACE VIEW ${name} AS\n${sql};`
}

/** Writes them into the lake, if they are other than they were. */
export async function keepViews(store: Store, root: string): Promise<void> {
  const text = Buffer.from(await viewsOf(store, root))
  const size = await store.size(VIEWS)
  if (size === text.length && text.equals(await store.read(VIEWS))) return
  await replaceBytes(store, VIEWS, text)
}

/** What is shown of each module of which there are layers, or a version is chosen. */
export async function shownIn(
  store: Store,
  survey: Survey,
  chosen: readonly string[]
): Promise<ShownModule[]> {
  const layers = await layersOf(store, survey)
  const shown: ShownModule[] = []
  const picked = await pick(store, chosen)
  for (const { name, version } of picked) {
    const own = layers.filter((layer) => layer.name === name && layer.version === version)
    shown.push({ module: name, layers: own, only: version })
  }
  for (const [module, own] of Map.groupBy(layers, ({ name }) => name)) {
    const newest = own.filter(isShown).sort((a, b) => compareVersions(b.version, a.version))
    if (newest.length === 0 || picked.some(({ name }) => name === module)) continue
    shown.push({ module, layers: newest, only: null })
  }
  return shown
}

/** Layers that have files of a survey. */
async function layersOf(store: Store, survey: Survey): Promise<LayerName[]> {
  const folders = new Set((await store.entries(`${survey}/layers`)).map(({ name }) => name))
  const layers = await layersIn(store)
  return layers.filter(
    ({ kind, name, version }) => kind === 'layers' && folders.has(`${name}@${version}`)
  )
}

async function pick(store: Store, chosen: readonly string[]): Promise<LayerName[]> {
  if (chosen.length === 0) return []
  const known = await versionsIn(store)
  return chosen.map((text) => {
    const layer = known.has(text) ? parseLayer('layers', text) : null
    if (layer) return layer
    throw new UsageError(
      `nothing in the lake ${store.root} is of "${text}"; there are ${[...known].join(', ')}`
    )
  })
}

/** All versions of modules that a lake has, in parts or layers, as `rate@1.0.0`. */
export async function versionsIn(store: Store): Promise<ReadonlySet<string>> {
  const layers = (await layersIn(store)).filter(({ kind }) => kind === 'layers')
  const known = layers.map(({ name, version }) => `${name}@${version}`)
  for (const { modules } of await readLedger(store)) {
    for (const [name, { version }] of Object.entries(modules)) known.push(`${name}@${version}`)
  }
  return new Set(known.sort())
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
