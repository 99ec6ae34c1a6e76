import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InvalidArgumentError, Option } from 'commander'
import type { Command } from 'commander'
import { buildCatalogue } from '../../engine/catalogues/build/build.ts'
import { isDate } from '../../engine/catalogues/folder/snapshot.ts'
import { readTns } from '../../engine/catalogues/tns.ts'
import { codeOf, messageOf, UsageError } from '../../engine/errors.ts'
import { openStore } from '../../engine/store/open-store.ts'
import { amount } from '../common/terminal.ts'
import { addSettings } from '../settings/settings.ts'
import { folderOf } from './folder.ts'

interface SyncFlags {
  readonly date?: string
}

export function addSync(parent: Command): void {
  const command = parent
    .command('sync')
    .description('take a dated snapshot of what changes: tns')
    .argument('<what>', 'tns, the public objects of the Transient Name Server')
    .argument('<place>', 'its CSV file, or the zip of it, here or at an address (https://…)')
    .addOption(
      new Option('--date <date>', 'of the snapshot, where the file does not say it').argParser(date)
    )
  addSettings(command, ['catalogues'])
  command.action(async (what: string, place: string, flags: SyncFlags) => {
    if (what !== 'tns') throw new UsageError(`nobody knows how to sync "${what}"; known: tns`)
    const folder = folderOf(command, 'write')
    const dump = readTns(place, await bytesOf(place), flags.date ?? null)
    const name = `tns@${dump.date}`
    const own = await mkdtemp(join(tmpdir(), 'siskin-tns-'))
    try {
      const input = join(own, 'tns.csv')
      await writeFile(input, dump.csv)
      const built = await buildCatalogue({
        store: openStore(folder),
        name,
        input,
        ra: 'ra',
        dec: 'dec',
        raUnit: 'degrees',
        columns: null,
        rows: 100_000,
        isAllSky: true,
        isReplacing: true
      }).catch((error: unknown) => {
        throw new UsageError(messageOf(error).replaceAll(input, place), { cause: error })
      })
      console.log(`${folder}/${name}: ${amount(built.rows, 'object')}`)
      if (built.without.length > 0)
        console.log(`${amount(built.without.length, 'row')} without a place left out`)
    } finally {
      await rm(own, { recursive: true, force: true })
    }
  })
}

export function date(text: string): string {
  if (isDate(text)) return text
  throw new InvalidArgumentError('a date is wanted, as 2026-01-10')
}

async function bytesOf(place: string): Promise<Uint8Array> {
  if (/^https?:/.test(place)) {
    const answer = await fetch(place).catch((error: unknown) => {
      throw new UsageError(`${place}: ${messageOf(error)}`, { cause: error })
    })
    if (answer.ok) return answer.bytes()
    throw new UsageError(`${place}: the server answers ${answer.status} ${answer.statusText}`)
  }
  return readFile(place).catch((error: unknown) => {
    throw new UsageError(codeOf(error) === 'ENOENT' ? `${place}: no such file` : messageOf(error))
  })
}
