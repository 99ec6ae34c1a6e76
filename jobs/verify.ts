import type { Command } from 'commander'
import { UsageError } from '../engine/errors.ts'
import { openStore } from '../engine/persist/open-store.ts'
import { verify } from '../engine/persist/verify.ts'
import type { Verdict } from '../engine/persist/verify.ts'
import { addSettings, readSettings } from './settings.ts'
import { bar, count, ProgressLine, table } from './terminal.ts'

const SHOWN = 20

export function addVerify(program: Command): void {
  const command = program
    .command('verify')
    .description('prove that the lake is whole: every packet once, every account adds up')
    .option('--deep', 'read every packet and message too')
    .option('--json', 'print the verdict as one JSON object')
    .addHelpText('after', '\nExample:\n  siskin verify --lake lake')
  addSettings(command, ['lake'])
  command.action(async (options: { deep?: boolean; json?: boolean }) => {
    const { lake } = readSettings(command)
    const verdict = await verifyLake(lake, options.deep === true)
    if (options.json) console.log(JSON.stringify(verdict, null, 1))
    else console.log(verdictText(verdict, lake))
    process.exitCode = verdict.ok ? 0 : 1
  })
}

export async function verifyLake(lake: string, deep: boolean): Promise<Verdict> {
  const store = openStore(lake)
  if ((await store.list('_siskin/ledger')).length === 0) {
    throw new UsageError(`"${lake}" holds no lake: give the folder that "siskin run --lake" wrote`)
  }
  const line = new ProgressLine(process.stderr)
  const verdict = await verify(store, {
    deep,
    onProgress: (done, total) => line.update(() => `${bar(done / total)} ${done} of ${total} files`)
  })
  line.clear()
  return verdict
}

export function verdictText(verdict: Verdict, lake: string): string {
  const { differences, copies } = verdict
  const quarantined = Object.values(verdict.quarantined).reduce((sum, n) => sum + n, 0)
  const rows = [
    ['received', count(verdict.received)],
    ['alerts', count(verdict.alerts)],
    ['quarantined', count(quarantined)],
    ['duplicates', count(verdict.duplicates)],
    ['nights', count(Object.keys(verdict.nights).length)],
    ['topics', count(Object.keys(verdict.topics).length)]
  ]
  const head = verdict.ok
    ? `${lake} is whole: every packet is accounted for, once`
    : `${lake} is not whole: ${differences.length} differences`
  const named = copies.length > 0 ? [`copies of an alert in the lake: ${some(copies, ', ')}`] : []
  return [head, table(rows), ...named, ...some(differences, '\n').split('\n')].join('\n').trimEnd()
}

function some(lines: readonly string[], glue: string): string {
  const more =
    lines.length > SHOWN ? `${glue}… and ${lines.length - SHOWN} more (--json has all)` : ''
  return lines.slice(0, SHOWN).join(glue) + more
}
