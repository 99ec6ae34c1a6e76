import { writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { compare } from '../../engine/compare/compare.ts'
import type { CompareResult } from '../../engine/compare/compare.ts'
import { expectDeclared } from '../../engine/compare/conformance.ts'
import { DiffBook } from '../../engine/compare/diff-book.ts'
import { scatterSvg } from '../../engine/compare/svg.ts'
import { defineModule } from '../../engine/contract/index.ts'
import type { Module } from '../../engine/contract/index.ts'
import { unknownName, UsageError } from '../../engine/errors.ts'
import { partsOf } from '../../engine/layers/parts.ts'
import { versionsIn } from '../../engine/layers/views.ts'
import { openStore } from '../../engine/store/open-store.ts'
import type { Store } from '../../engine/store/store.ts'
import { checkTarget } from '../../engine/subscribe/save/files.ts'
import { compareText } from './text.ts'
import { parseNights } from '../common/nights.ts'
import { isPath, loadOwn } from '../common/own-file.ts'
import { expectColumnsOnly, pickModules, planFor } from '../common/registries.ts'
import { addSettings, readSettings } from '../settings/settings.ts'
import { bar, count, ProgressLine } from '../common/terminal.ts'
import { nightOfClosed } from '../../engine/lake/closed.ts'
import { expectLake } from '../../engine/lake/expect-lake.ts'

interface Flags {
  readonly with: string
  readonly nights?: string
  readonly save?: string
  readonly svg?: string
  readonly json?: boolean
}

export function addCompare(program: Command): void {
  const command = program
    .command('compare')
    .description('what another version of a module says of the alerts in a lake, beside this one')
    .argument('<module>', 'its name')
    .requiredOption(
      '--with <version>',
      'the folder of another version, or a version that the lake has (1.0.0)'
    )
    .option('--nights <nights>', 'only these: YYYYMMDD, or YYYYMMDD..YYYYMMDD')
    .option('--save <file>', 'write every difference into this Parquet file')
    .option('--svg <file>', 'draw the values that changed, old against new')
    .option('--json', 'print the result as one JSON object; ids are strings')
    .addHelpText(
      'after',
      '\nModules and filters that read from it run with both versions. Nothing is written into the lake.\n\nExamples:\n  siskin compare rate --with ../my-siskin/science-modules/rate --lake lake --svg rate.svg\n  siskin compare rate --with 1.0.0 --lake lake --nights 20260101..20260131 --save diff.parquet'
    )
  addSettings(command, ['lake'])
  command.action(async (name: string, flags: Flags) => {
    if (flags.save !== undefined) await checkTarget(flags.save)
    if (flags.svg !== undefined) await checkTarget(flags.svg, '--svg')
    const book = await DiffBook.open()
    try {
      const { result, old, fresh } = await compared(name, flags, readSettings(command).lake, book)
      const title = `${old} against ${fresh}`
      console.log(flags.json ? jsonOf(result, old, fresh) : compareText(title, result))
      if (flags.save !== undefined) await book.save(flags.save)
      if (flags.svg !== undefined) await writeFile(flags.svg, await drawing(title, result, book))
      for (const { part, reason } of result.broken) console.error(`siskin: ${part}: ${reason}`)
      if (result.broken.length > 0) process.exitCode = 1
    } finally {
      await book.close()
    }
  })
}

async function compared(name: string, flags: Flags, lake: string, book: DiffBook) {
  const [module] = pickModules([name]) as [Module]
  const other = await otherOf(module, flags.with)
  expectColumnsOnly(typeof other === 'string' ? [module] : [module, other])
  const nights = flags.nights === undefined ? null : parseNights(flags.nights)
  const store = openStore(lake)
  await expectLake(store)
  if (typeof other === 'string') await expectVersion(store, name, other)
  const { parts, bad } = await partsOf(store, nights)
  const total = parts.reduce((sum, { alerts }) => sum + alerts, 0)
  const line = new ProgressLine(process.stderr)
  const stop = new AbortController()
  const onSignal = () => stop.abort()
  process.once('SIGINT', onSignal)
  let done = 0
  const result = await compare({
    store,
    parts,
    nights,
    plan: planFor({ modules: null, filters: null }),
    module,
    other,
    book,
    signal: stop.signal,
    onPart: (alerts) => {
      done += alerts
      line.update(() => `${bar(done / total)} ${count(done)} of ${count(total)} alerts`)
    },
    warn: (message) => line.say(`warn: ${message}`)
  }).finally(() => {
    line.clear()
    process.off('SIGINT', onSignal)
  })
  const broken = [...result.broken, ...bad.map(({ path, reason }) => ({ part: path, reason }))]
  if (stop.signal.aborted) broken.push({ part: 'stopped', reason: 'it is of a part of the alerts' })
  if (result.parts === 0 && result.without > 0) {
    const isClosed = parts.some(({ source }) => nightOfClosed(source) !== null)
    const way = isClosed
      ? ': closed nights are compared with their newest version, or with the folder of one (--with PATH)'
      : ''
    throw new UsageError(`no part of these nights has ${name} ${flags.with}${way}`)
  }
  const version = typeof other === 'string' ? other : `${other.version} of ${flags.with}`
  return { result: { ...result, broken }, old: `${name} ${module.version}`, fresh: version }
}

/** @throws UsageError that names the versions that there are */
async function expectVersion(store: Store, name: string, version: string): Promise<void> {
  const known = [...(await versionsIn(store))].filter((text) => text.startsWith(`${name}@`))
  const versions = known.map((text) => text.slice(name.length + 1))
  if (!versions.includes(version)) throw unknownName(`version of ${name}`, version, versions)
}

/** @throws UsageError for a folder that does not hold another version of the module. */
async function otherOf(module: Module, given: string): Promise<Module | string> {
  if (!isPath(given)) return given.replace(`${module.name}@`, '')
  const other = await loadOwn<Module>('module', given, defineModule)
  if (other.name !== module.name) {
    throw new UsageError(`module "${given}" is called ${other.name}, and not ${module.name}`)
  }
  expectDeclared(other)
  return other
}

const PANELS = 12
const POINTS = 500

async function drawing(title: string, { columns }: CompareResult, book: DiffBook): Promise<string> {
  const most = columns.filter(({ changed }) => changed > 0).sort((a, b) => b.changed - a.changed)
  const panels = []
  for (const { column, unit, changed } of most) {
    const points = await book.points(column, POINTS)
    if (points.length > 0 && panels.length < PANELS) {
      panels.push({ title: unit === '' ? column : `${column} [${unit}]`, points, changed })
    }
  }
  return scatterSvg(title, panels)
}

function jsonOf(result: CompareResult, old: string, fresh: string): string {
  const replace = (_: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value)
  return JSON.stringify({ old, new: fresh, ...result }, replace, 1)
}
