import { resolve } from 'node:path'
import { Option } from 'commander'
import type { Command } from 'commander'
import { buildCatalogue } from '../../engine/catalogues/build/build.ts'
import type { RaUnit } from '../../engine/catalogues/build/coordinates.ts'
import { catalogues } from '../../engine/catalogues/folder/list.ts'
import type { Listed } from '../../engine/catalogues/folder/list.ts'
import { expectOne } from '../../engine/catalogues/folder/ways.ts'
import { cdsTable } from '../../engine/catalogues/cds/open.ts'
import { openHats } from '../../engine/catalogues/hats/hats.ts'
import { UsageError } from '../../engine/errors.ts'
import { openStore } from '../../engine/store/open-store.ts'
import { amount, count, size } from '../common/terminal.ts'
import { addSettings } from '../settings/settings.ts'
import { list, wholeNumber } from '../settings/values.ts'
import { catalogueOf, folderOf } from './folder.ts'
import { addQuery } from './query.ts'
import { addSync, date } from './sync.ts'

export function addCatalogue(program: Command): void {
  const command = program
    .command('catalogue')
    .description('what is known of the sky: build, register, list and ask catalogues')
    .addHelpText(
      'after',
      '\nExamples:\n  siskin catalogue build stars stars.csv --catalogues catalogues\n  siskin catalogue query gcvs --ra 10.68 --dec 41.27 --radius 3600 --catalogues catalogues'
    )
  addBuild(command)
  addAdd(command)
  addSync(command)
  addList(command)
  addShow(command)
  addQuery(command)
}

interface BuildFlags {
  readonly ra?: string
  readonly dec?: string
  readonly raUnit: RaUnit
  readonly columns?: readonly string[]
  readonly partitionRows: number
  readonly allSky?: boolean
  readonly date?: string
  readonly replace?: boolean
  readonly json?: boolean
}

function addBuild(parent: Command): void {
  const command = parent
    .command('build')
    .description('make a HATS catalogue of a table')
    .argument('<name>', 'what modules and filters call it')
    .argument('<file>', '.csv, .tsv, .ecsv, .parquet or .vot; also .gz of text')
    .option('--ra <column>', 'right ascension: degrees, or sexagesimal hours')
    .option('--dec <column>', 'declination: degrees, or sexagesimal degrees')
    .addOption(
      new Option('--ra-unit <unit>', 'of a right ascension that is a number')
        .choices(['degrees', 'hours'])
        .default('degrees')
    )
    .addOption(new Option('--columns <names>', 'only these columns (a,b,c)').argParser(list))
    .addOption(
      new Option('--partition-rows <n>', 'rows of a partition, at most')
        .default(100_000)
        .argParser(wholeNumber(1, 10_000_000))
    )
    .addOption(
      new Option('--date <date>', 'a snapshot of this date, beside others').argParser(date)
    )
    .option('--all-sky', 'all of the sky was searched: where it has no row, there is nothing')
    .option('--replace', 'in place of one of that name')
    .option('--json', 'print the account as one JSON object')
  addSettings(command, ['catalogues'])
  command.action(async (called: string, file: string, flags: BuildFlags) => {
    expectName(called)
    const name = flags.date === undefined ? called : `${called}@${flags.date}`
    const folder = folderOf(command, 'write')
    await expectOne(folder, name, name)
    const built = await buildCatalogue({
      store: openStore(folder),
      name,
      input: file,
      ra: flags.ra ?? null,
      dec: flags.dec ?? null,
      raUnit: flags.raUnit,
      columns: flags.columns ?? null,
      rows: flags.partitionRows,
      isAllSky: flags.allSky ?? false,
      isReplacing: flags.replace ?? false,
      warn: (message) => console.error(`siskin: ${message}`)
    })
    if (flags.json) return console.log(JSON.stringify(built, null, 2))
    const { rows, partitions, bytes, share, without } = built
    console.log(
      `${folder}/${name}: ${count(rows)} rows in ${amount(partitions, 'partition')}, ${size(bytes)}, ${percent(share)} of the sky`
    )
    if (without.length === 0) return
    const some = without.slice(0, 5).join(', ')
    console.log(
      `${amount(without.length, 'row')} without a place left out: ${some}${without.length > 5 ? ', …' : ''}`
    )
  })
}

function addAdd(parent: Command): void {
  const command = parent
    .command('add')
    .description('register a HATS catalogue that lies elsewhere, or a table of the CDS')
    .argument('<name>', 'what modules and filters call it')
    .argument(
      '<place>',
      'its folder here, in HDFS, or at a web server (https://…); cds:simbad, cds:vizier:I/355/gaiadr3'
    )
    .option('--service <url>', 'of cds: another address of the cross-match service')
  addSettings(command, ['catalogues'])
  command.action(
    async (name: string, place: string, { service }: { readonly service?: string }) => {
      expectName(name)
      const folder = folderOf(command, 'write')
      const at = await addressToKeep(name, place, service)
      await expectOne(folder, name, `${name}.url`)
      const store = openStore(folder)
      await store.remove(`${name}.url`)
      await store.write(`${name}.url`, [Buffer.from(`${at}\n`)])
      console.log(line(await catalogueOf(folder, name)))
    }
  )
}

/** @throws UsageError for what is no catalogue */
async function addressToKeep(name: string, place: string, service?: string): Promise<string> {
  const table = cdsTable(place)
  if (table && /^vizier:?$/.test(table.table))
    throw new UsageError(`${place}: which table of VizieR? As cds:vizier:I/355/gaiadr3`)
  if (table) return service === undefined ? place : `${place} ${service}`
  const at = place.includes('://') ? place : resolve(place)
  if (await openHats(name, at)) return at
  throw new UsageError(`${place} is no HATS catalogue: it has no hats.properties`)
}

function addList(parent: Command): void {
  const command = parent.command('list').description('all catalogues of the folder')
  command.option('--json', 'print one JSON object')
  addSettings(command, ['catalogues'])
  command.action(async (flags: { readonly json?: boolean }) => {
    const folder = folderOf(command)
    const found = await catalogues(folder)
    if (flags.json) console.log(JSON.stringify(found.map(factsOf), null, 2))
    else if (found.length === 0) console.log(`no catalogues in ${folder}`)
    else for (const own of found) console.log(line(own))
  })
}

function addShow(parent: Command): void {
  const command = parent
    .command('show')
    .description('what one catalogue says of itself')
    .argument('<name>', 'as siskin catalogue list names it')
  addSettings(command, ['catalogues'])
  command.action(async (name: string) => {
    const own = await catalogueOf(folderOf(command), name)
    console.log(JSON.stringify(factsOf(own), null, 2))
  })
}

function line(own: Listed): string {
  if (own.kind === 'file') return `${own.name}: ${own.path}, read into memory`
  if (own.kind === 'cds')
    return `${own.name}: ${own.table.table} of the CDS, at ${own.table.service}`
  if (own.kind === 'broken') return `${own.name}: ${own.at} cannot be used: ${own.reason}`
  const { hats, at } = own
  const rows = Number(hats.properties.get('hats_nrows') ?? Number.NaN)
  const known = Number.isFinite(rows) ? `${count(rows)} rows, ` : ''
  return `${own.name}: ${at}, ${known}${amount(hats.partitions.pixels.length, 'partition')}, version ${hats.version}`
}

function factsOf(own: Listed): object {
  if (own.kind !== 'hats') return own
  const { name, kind, at, hats } = own
  return {
    name,
    kind,
    at,
    version: hats.version,
    partitions: hats.partitions.pixels.length,
    columns: hats.columns,
    properties: Object.fromEntries(hats.properties)
  }
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.1 ? 2 : 0)} %`
}

/** Names are words of lookups, and of files. */
function expectName(name: string): void {
  if (/^[a-z][a-z0-9_]*$/.test(name)) return
  throw new UsageError(
    `"${name}" is no name of a catalogue: small letters, digits and _ are wanted, a letter first`
  )
}
