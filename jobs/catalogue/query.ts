import { inspect } from 'node:util'
import { Option } from 'commander'
import type { Command } from 'commander'
import { decOf, raOf } from '../../engine/catalogues/build/coordinates.ts'
import { coneOfFile, coneOfHats } from '../../engine/catalogues/folder/cone.ts'
import type { Near } from '../../engine/catalogues/folder/cone.ts'
import { messageOf, UsageError } from '../../engine/errors.ts'
import { count, table } from '../common/terminal.ts'
import { addSettings } from '../settings/settings.ts'
import { positive, wholeNumber } from '../settings/values.ts'
import { catalogueOf, folderOf } from './folder.ts'

interface QueryFlags {
  readonly ra: string
  readonly dec: string
  readonly radius: number
  readonly limit: number
  readonly json?: boolean
}

export function addQuery(parent: Command): void {
  const command = parent
    .command('query')
    .description('what a catalogue has near a position')
    .argument('<name>', 'as siskin catalogue list names it')
    .requiredOption('--ra <ra>', 'degrees, or hours as 12:34:56.7')
    .requiredOption('--dec <dec>', 'degrees, or as +41:16:09')
    .addOption(new Option('--radius <arcsec>', 'arc seconds').default(5).argParser(positive))
    .addOption(
      new Option('--limit <n>', 'rows, at most').default(100).argParser(wholeNumber(1, 1e6))
    )
    .option('--json', 'print rows as JSON, one a line')
  addSettings(command, ['catalogues'])
  command.action(async (name: string, { ra, dec, radius, limit, json }: QueryFlags) => {
    const cone = { ...positionOf(ra, dec), radius }
    const own = await catalogueOf(folderOf(command), name)
    if (own.kind === 'cds')
      throw new UsageError(
        `catalogue ${name} is at the CDS: modules and filters ask it, this command does not`
      )
    if (own.kind === 'broken') throw new UsageError(`catalogue ${name}: ${own.reason}`)
    const near = own.kind === 'hats' ? coneOfHats(own.hats, cone) : coneOfFile(own.path, cone)
    show(await near, limit, json ?? false)
  })
}

function positionOf(ra: string, dec: string): { readonly ra: number; readonly dec: number } {
  try {
    const position = { ra: raOf(ra, 'degrees'), dec: decOf(dec) }
    if (Number.isNaN(position.ra) || Number.isNaN(position.dec)) throw new Error('it is missing')
    return position
  } catch (error) {
    throw new UsageError(`--ra ${ra} --dec ${dec}: ${messageOf(error)}`, { cause: error })
  }
}

function show(near: readonly Near[], limit: number, isJson: boolean): void {
  const shown = near.slice(0, limit)
  if (isJson) {
    const text = (_: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value)
    for (const row of shown) console.log(JSON.stringify(row, text))
    return
  }
  if (near.length === 0) return console.log('nothing within the radius')
  const names = Object.keys(near[0]!)
  const rows = shown.map((row) =>
    names.map((name) =>
      name === 'separation' ? `${row.separation.toFixed(2)}"` : textOf(row[name])
    )
  )
  console.log(table([names, ...rows]))
  if (near.length > limit) console.log(`  and ${count(near.length - limit)} more (--limit)`)
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return ''
  return typeof value === 'string' ? value : inspect(value).replace(/n$/, '')
}
