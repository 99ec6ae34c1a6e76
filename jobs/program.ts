import { Command } from 'commander'
import { SISKIN_VERSION } from '../engine/version.ts'

type AddCommand = (program: Command) => void

/** The commands, in the order of the help. Each is loaded when it is asked for: the program starts sooner. */
const COMMANDS: Readonly<Record<string, () => Promise<AddCommand>>> = {
  start: async () => (await import('./start/start.ts')).addStart,
  run: async () => (await import('./run/run.ts')).addRun,
  stream: async () => (await import('./stream/stream.ts')).addStream,
  subscribe: async () => (await import('./subscribe/subscribe.ts')).addSubscribe,
  verify: async () => (await import('./verify/verify.ts')).addVerify,
  repair: async () => (await import('./repair/repair.ts')).addRepair,
  requeue: async () => (await import('./repair/requeue.ts')).addRequeue,
  inspect: async () => (await import('./inspect/inspect.ts')).addInspect,
  check: async () => (await import('./check/check.ts')).addCheck,
  catalogue: async () => (await import('./catalogue/catalogue.ts')).addCatalogue,
  new: async () => (await import('./new/new.ts')).addNew,
  truth: async () => (await import('./truth/truth.ts')).addTruth,
  backtest: async () => (await import('./backtest/backtest.ts')).addBacktest,
  reprocess: async () => (await import('./reprocess/reprocess.ts')).addReprocess,
  close: async () => (await import('./close/close.ts')).addClose,
  views: async () => (await import('./views/views.ts')).addViews,
  compare: async () => (await import('./compare/compare.ts')).addCompare,
  simulate: async () => (await import('./simulate/simulate.ts')).addSimulate,
  inject: async () => (await import('./inject/inject.ts')).addInject,
  replay: async () => (await import('./replay/replay.ts')).addReplay
}

/** The command line: with the one command that is named first in `args`, or else with all. */
export async function buildProgram(args: readonly string[] = []): Promise<Command> {
  const program = new Command('siskin')
    .description('Alert broker for time-domain astronomy.')
    .version(SISKIN_VERSION)
    .exitOverride()
    .showHelpAfterError('(siskin --help says more)')
  const named = COMMANDS[args[0] ?? '']
  for (const load of named ? [named] : Object.values(COMMANDS)) (await load())(program)
  program.hook('preAction', async (_, command) => {
    const { refuseIdle } = await import('./settings/idle-options.ts')
    refuseIdle(command)
  })
  return program
}
