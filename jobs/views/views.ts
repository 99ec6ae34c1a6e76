import { resolve } from 'node:path'
import type { Command } from 'commander'
import { viewsOf } from '../../engine/layers/views.ts'
import { isHdfs } from '../../engine/store/hdfs-address.ts'
import { openStore } from '../../engine/store/open-store.ts'
import { addSettings, readSettings } from '../settings/settings.ts'
import { expectLake } from '../../engine/lake/expect-lake.ts'

export function addViews(program: Command): void {
  const command = program
    .command('views')
    .description('print SQL that makes the views of a lake for DuckDB')
    .argument(
      '[versions...]',
      'shown instead of the newest of their module, as rate@1.0.0; null where a part has none of it'
    )
    .addHelpText(
      'after',
      '\nThe lake keeps what is printed without versions as views.sql, from the first layer on.\n\nExamples:\n  siskin views --lake lake > views.sql\n  siskin views rate@1.0.0 --lake lake'
    )
  addSettings(command, ['lake'])
  command.action(async (versions: string[]) => {
    const { lake } = readSettings(command)
    const store = openStore(lake)
    await expectLake(store)
    process.stdout.write(await viewsOf(store, placeOf(lake), versions))
  })
}

/** A lake as programs find it that start elsewhere. */
export function placeOf(lake: string): string {
  return isHdfs(lake) ? lake.replace(/^swebhdfs:/, 'hdfs:').replace(/\/$/, '') : resolve(lake)
}
