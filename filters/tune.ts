/**
 * How well each filter finds what it seeks in a simulated month: version 1.0.0, today's, today's
 * without each of its cuts, and with other numbers. Run by hand: the READMEs quote what it prints.
 *
 *   node filters/tune.ts --seed 11 --start 2026-01-10      the month the numbers were chosen on
 *   node filters/tune.ts --seed 101 --start 2026-04-05     a month they are judged on, as 202 from 2026-11-05
 *
 * A month that was looked at while numbers were chosen judges nothing: take a new seed.
 *
 * 60 kilonovae are put into a month, more than nature has, and left out of the numbers: see how many a
 * topic has with --leave-out ''.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { DuckDBInstance } from '@duckdb/node-api'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { Seeks } from '#contract'
import { inPhase } from '../engine/truth/phases.ts'
import { table } from '../jobs/common/terminal.ts'
import { truthReport } from '../jobs/truth/truth.ts'
import { filters } from './registry.ts'
import { RULES, TUNED } from './tune-rules.ts'
import type { Rule, Tuned } from './tune-rules.ts'

const SISKIN = fileURLToPath(new URL('../jobs/siskin.js', import.meta.url))

const { values: asked } = parseArgs({
  options: {
    survey: { type: 'string', default: 'ztf' },
    seed: { type: 'string', default: '11' },
    start: { type: 'string', default: '2026-01-10' },
    nights: { type: 'string', default: '30' },
    scale: { type: 'string' },
    inject: { type: 'string', default: 'kilonova:60' },
    'leave-out': { type: 'string', default: 'kilonova' },
    folder: { type: 'string', default: 'siskin-data/tune' },
    'no-tries': { type: 'boolean', default: false }
  }
})

const scale = asked.scale ?? (asked.survey === 'ztf' ? '0.04' : '0.00005')
const name = [asked.survey, asked.seed, asked.start, asked.nights, scale, asked.inject]
const folder = join(asked.folder, name.join('_').replace(/[^\w.-]/g, ''))
const lake = join(folder, 'lake')

/** Made once: a lake that is removed is filled anew from the same archives. */
function makeMonth(): void {
  const siskin = (...args: string[]) => execFileSync(process.execPath, [SISKIN, ...args])
  const archives = () => readdirSync(folder).filter((file) => file.endsWith('.tar.gz'))
  mkdirSync(folder, { recursive: true })
  if (archives().length === 0) {
    const flags = ['survey', 'seed', 'start', 'nights'] as const
    const month = flags.flatMap((flag) => [`--${flag}`, asked[flag]])
    const inject = asked.inject === '' ? [] : ['--inject', asked.inject]
    const out = join(folder, 'night.tar.gz')
    siskin('simulate', ...month, '--scale', scale, ...inject, '--stamps', 'none', '--out', out)
  }
  if (existsSync(lake)) return
  const schemas = asked.survey === 'lsst' ? ['--schemas', join(folder, 'schemas')] : []
  siskin('run', ...archives().map((file) => join(folder, file)), '--lake', lake, ...schemas)
}

const truthFiles = () =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.truth.parquet'))
    .map((file) => join(folder, file))

/** What the rules read. */
const COLUMNS = `survey, mjd, ra, "dec", flux, mag, is_positive, history_id, history_mjd, quality, detections,
  solar_system, rate, lake.features, ztf, {diaSource: lsst.diaSource} lsst`

async function open(): Promise<DuckDBConnection> {
  const db = await (await DuckDBInstance.create(':memory:')).connect()
  const truths = truthFiles().map((file) => `'${file}'`)
  await db.run(
    `CREATE TABLE alerts AS SELECT ${COLUMNS}, truth.class true_class,
       truth.object_id true_object, truth.age, truth.true_rate, truth.true_amplitude, truth.is_named
     FROM read_parquet('${lake}/*/alerts/**/*.parquet', union_by_name = true) lake
     JOIN (SELECT DISTINCT ON (alert_id) alert_id, class, object_id, age, true_rate, true_amplitude,
         is_named FROM read_parquet([${truths.join(', ')}]) ORDER BY alert_id) truth
       USING (alert_id) WHERE truth.class <> '${asked['leave-out']}'`
  )
  return db
}

interface Score {
  readonly selected: number
  readonly ofClass: number
  readonly inPhase: number
  readonly findable: number
  readonly objects: number
  readonly objectsOfClass: number
  readonly objectsInPhase: number
  readonly objectsFindable: number
}

async function scoreOf(db: DuckDBConnection, rule: string, seeks: Seeks): Promise<Score> {
  const classes = seeks.classes.map((cls) => `'${cls}'`).join(', ')
  const reader = await db.runAndReadAll(
    `WITH judged AS (SELECT true_object, coalesce((${rule}), false) picked,
         true_class IN (${classes}) sought, sought AND ${inPhase(seeks)} found FROM alerts)
     SELECT count(*) FILTER (picked) selected,
       count(*) FILTER (picked AND sought) "ofClass",
       count(*) FILTER (picked AND found) "inPhase",
       count(*) FILTER (found) findable,
       count(DISTINCT true_object) FILTER (picked) objects,
       count(DISTINCT true_object) FILTER (picked AND sought) "objectsOfClass",
       count(DISTINCT true_object) FILTER (picked AND found) "objectsInPhase",
       count(DISTINCT true_object) FILTER (found) "objectsFindable"
     FROM judged`
  )
  const [row = {}] = reader.getRowObjectsJS()
  return Object.fromEntries(
    Object.entries(row).map(([key, value]) => [key, Number(value)])
  ) as unknown as Score
}

/** With Poisson's error, of those in it and those not; none is taken for one. */
function percent(part: number, whole: number): string {
  if (whole === 0) return '-'
  const error = Math.sqrt((Math.max(part, 1) * Math.max(whole - part, 1)) / whole ** 3)
  return `${((100 * part) / whole).toFixed(1)} ± ${(100 * error).toFixed(1)} %`
}

function line(label: string, score: Score): string[] {
  return [
    label,
    String(score.selected),
    percent(score.ofClass, score.selected),
    percent(score.inPhase, score.selected),
    `${percent(score.inPhase, score.findable)} of ${score.findable}`,
    String(score.objects),
    percent(score.objectsOfClass, score.objects),
    `${percent(score.objectsInPhase, score.objectsFindable)} of ${score.objectsFindable}`
  ]
}

const HEADER = ['', 'alerts', 'pure', 'in phase', 'found', 'objects', 'pure', 'found']

/** Every variant of a rule that is tried: its label and its SQL. */
function variants({ cuts, tries }: Rule): [string, string][] {
  const all = (given: Record<string, string>) => Object.values(given).map((cut) => `(${cut})`)
  const now = cuts(TUNED)
  const without = Object.keys(now).map((left): [string, string] => {
    const rest = Object.fromEntries(Object.entries(now).filter(([cut]) => cut !== left))
    return [`  without: ${left}`, all(rest).join(' AND ')]
  })
  const others = Object.entries(tries).flatMap(([number, values]) =>
    values.map((value): [string, string] => [
      `  ${number} ${value}, not ${TUNED[number as keyof Tuned]}`,
      all(cuts({ ...TUNED, [number]: value })).join(' AND ')
    ])
  )
  return asked['no-tries'] ? [] : [...without, ...others]
}

async function classesOf(db: DuckDBConnection, rule: string): Promise<string> {
  const reader = await db.runAndReadAll(
    `SELECT true_class cls, count(*)::INT n FROM alerts WHERE coalesce((${rule}), false)
     GROUP BY 1 ORDER BY n DESC, cls`
  )
  const rows = reader.getRowObjectsJS() as { cls: string; n: number }[]
  return rows.map(({ cls, n }) => `${cls} ${n}`).join(', ')
}

async function judgeFilter(db: DuckDBConnection, rule: Rule, published: number): Promise<void> {
  const filter = filters.find((one) => one.name === rule.filter)
  if (!filter?.seeks) throw new Error(`no filter "${rule.filter}" that says what it seeks`)
  const now = Object.values(rule.cuts(TUNED))
    .map((cut) => `(${cut})`)
    .join(' AND ')
  const tried: [string, string][] = [
    ['1.0.0', rule.before],
    [filter.version, now],
    ...variants(rule)
  ]
  const lines = [HEADER]
  for (const [label, sql] of tried) lines.push(line(label, await scoreOf(db, sql, filter.seeks)))
  console.log(`\n${filter.topic}\n${table(lines)}`)
  console.log(`  1.0.0: ${await classesOf(db, rule.before)}`)
  console.log(`  ${filter.version}: ${await classesOf(db, now)}`)
  if (String(published) !== lines[2]?.[1]) {
    throw new Error(
      `topic ${filter.topic} holds ${published} alerts, the rule in tune-rules.ts ${lines[2]?.[1]}: make the two agree, or remove ${lake} when the filter changed since`
    )
  }
}

makeMonth()
const report = await truthReport(lake, truthFiles())
const db = await open()
const counted = report.classes.filter(({ class: cls }) => cls !== asked['leave-out'])
const alerts = counted.reduce((sum, { landed }) => sum + landed, 0)
console.log(`${name.join(' ')}: ${alerts} alerts`)
for (const rule of RULES) {
  const topic = filters.find((one) => one.name === rule.filter)?.topic ?? ''
  await judgeFilter(
    db,
    rule,
    counted.reduce((sum, { selected }) => sum + (selected[topic] ?? 0), 0)
  )
}
db.closeSync()
