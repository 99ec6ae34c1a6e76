import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { findAlert } from '../../engine/inspect/lookup.ts'
import { legend, plot, pointsOf } from '../../engine/inspect/plot.ts'
import { makeFolder } from '../../engine/make-folder.ts'
import { trustFlags, word } from '../../engine/store/lake-flags.ts'
import { openStore } from '../../engine/store/open-store.ts'
import type { Interesting } from '../../engine/truth/interesting.ts'
import type { SimulateOptions } from '../../simulator/index.ts'
import { overLake } from '../common/next.ts'
import { report, runWithProgress } from '../run/run.ts'
import type { TakenIn } from '../run/run.ts'
import { addSettings, readSettings } from '../settings/settings.ts'
import type { Settings } from '../settings/settings.ts'
import { simulateWithProgress } from '../simulate/simulate.ts'
import { duckdbQuery, runSummary } from '../run/summary.ts'
import { truthReport, truthText } from '../truth/truth.ts'
import { verdictText } from '../verify/text.ts'
import { verifyLake } from '../verify/verify.ts'

const DATA = 'siskin-data'
const SHOWN = 3

/** The nights a newcomer's first command makes: small, but with all that lives in the sky. */
const NIGHTS: readonly (SimulateOptions & { survey: 'ztf' | 'lsst'; truth: string })[] = [
  {
    survey: 'ztf',
    out: `${DATA}/nights/ztf_20260112.tar.gz`,
    truth: `${DATA}/nights/ztf_20260112.truth.parquet`,
    start: '2026-01-12',
    seed: 7,
    scale: 0.02,
    inject: { kilonova: 3, tde: 3 }
  },
  {
    survey: 'lsst',
    out: `${DATA}/nights/lsst_20260112.tar.gz`,
    truth: `${DATA}/nights/lsst_20260112.truth.parquet`,
    start: '2026-01-12',
    seed: 7,
    scale: 0.0002
  }
]

export function addStart(program: Command): void {
  const command = program
    .command('start')
    .description(
      'the main job in one command: simulated nights (or your archives) into a lake, and a look at it'
    )
    .argument(
      '[source...]',
      'archives, folders or packet files; without, two small nights are simulated'
    )
    .addHelpText('after', '\nExample:\n  siskin start\n  siskin start ztf_public_20260110.tar.gz')
  addSettings(command, ['lake', 'members', 'schemas'])
  command.action(async (sources: string[]) => {
    const settings = readSettings(command)
    const ok =
      sources.length > 0 ? await startReal(sources, settings) : await startSimulated(settings)
    if (!ok) process.exitCode = 1
  })
}

async function startReal(sources: readonly string[], settings: Settings): Promise<boolean> {
  heading(`Taking ${sources.join(', ')} into the lake`)
  const result = await take(sources, settings)
  const whole = await verifyAndShow(settings.lake)
  await showObjects(settings.lake, result.sources, new Map())
  showNext(settings.lake)
  return whole && result.damage.length === 0
}

async function startSimulated(settings: Settings): Promise<boolean> {
  makeFolder(`${DATA}/nights`)
  for (const night of NIGHTS) await makeNight(night)
  const withSchemas = { ...settings, schemas: settings.schemas ?? join(DATA, 'nights', 'schemas') }
  heading('Taking both nights into the lake: decode, enrich, persist, publish')
  const { sources } = await take(
    NIGHTS.map(({ out }) => out),
    withSchemas
  )
  const whole = await verifyAndShow(settings.lake)
  heading('What is in it, by what the simulated sky really was')
  console.log(
    truthText(
      await truthReport(
        settings.lake,
        NIGHTS.map(({ truth }) => truth)
      )
    )
  )
  await showObjects(settings.lake, sources, await classes())
  showNext(settings.lake)
  return whole
}

async function makeNight({ truth, ...night }: (typeof NIGHTS)[number]): Promise<void> {
  if (existsSync(night.out) && existsSync(truth)) {
    heading(`A night of ${night.survey} is there already: ${night.out}`)
    return
  }
  heading(`Simulating a small night of ${night.survey}: ${night.out}`)
  await simulateWithProgress(night)
}

async function take(sources: readonly string[], settings: Settings): Promise<TakenIn> {
  const result = await runWithProgress(sources, settings)
  console.log(runSummary(result, settings.lake))
  process.exitCode = report(result, settings)
  return result
}

async function verifyAndShow(lake: string): Promise<boolean> {
  heading('Proving that nothing was lost')
  const verdict = await verifyLake(lake, false)
  console.log(verdictText(verdict, lake))
  return verdict.ok
}

/** What each object of the simulated nights really is. */
async function classes(): Promise<Map<string, string>> {
  const { DuckDBInstance } = await import('@duckdb/node-api')
  const instance = await DuckDBInstance.create(':memory:')
  const db = await instance.connect()
  const files = NIGHTS.map(({ truth }) => `'${truth}'`).join(', ')
  const reader = await db.runAndReadAll(
    `SELECT DISTINCT object_id, class FROM read_parquet([${files}]) WHERE object_id IS NOT NULL`
  )
  db.closeSync()
  instance.closeSync()
  return new Map(
    reader.getRowObjectsJS().map((row) => [row['object_id'] as string, row['class'] as string])
  )
}

async function showObjects(
  lake: string,
  sources: readonly string[],
  classes: ReadonlyMap<string, string>
): Promise<void> {
  const store = openStore(lake)
  const { mostInteresting } = await import('../../engine/truth/interesting.ts')
  const objects = await mostInteresting(store, sources, SHOWN)
  if (objects.length === 0) return
  heading('Worth a look')
  for (const object of objects) {
    const found = await findAlert(store, object.alertId)
    if (!found) continue
    const points = pointsOf(found.values)
    console.log(`\n  ${describe(object, classes.get(object.objectId))}`)
    console.log(`${plot(points)}\n${legend(points)}`)
  }
}

function describe({ objectId, alertId, topics, detections }: Interesting, truth?: string): string {
  const really = truth ? `, really ${truth}` : ''
  return `${objectId} (alert ${alertId}${really}): ${detections} detections, in ${topics.join(', ')}`
}

function showNext(lake: string): void {
  heading('Next')
  console.log(
    [
      `  npx siskin inspect ${word(lake)} ${trustFlags(lake)}`.trimEnd(),
      '  npx siskin check',
      '  npx siskin new module my_module',
      `  npx ${overLake('siskin verify', { lake })} --deep`,
      `  ${duckdbQuery(lake)}`
    ].join('\n')
  )
}

function heading(text: string): void {
  console.log(`\n${text}\n${'-'.repeat(text.length)}`)
}
