import { Command } from 'commander'
import { SISKIN_VERSION } from '../engine/version.ts'
import { addRun } from './run.ts'
import { addTruth } from './truth.ts'
import { addVerify } from './verify.ts'

/** The command line: every command registers itself. */
export function buildProgram(): Command {
  const program = new Command('siskin')
    .description('Alert broker for time-domain astronomy.')
    .version(SISKIN_VERSION)
    .showHelpAfterError('(siskin --help says more)')
  addRun(program)
  addVerify(program)
  addTruth(program)
  return program
}
