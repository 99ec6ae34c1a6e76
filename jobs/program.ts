import { Command } from 'commander'
import { SISKIN_VERSION } from '../engine/version.ts'
import { addCheck } from './check.ts'
import { addInspect } from './inspect.ts'
import { addNew } from './new.ts'
import { addRun } from './run.ts'
import { addSimulate } from './simulate.ts'
import { addStart } from './start.ts'
import { addStream } from './stream.ts'
import { addTruth } from './truth.ts'
import { addVerify } from './verify.ts'

/** The command line: every command registers itself. */
export function buildProgram(): Command {
  const program = new Command('siskin')
    .description('Alert broker for time-domain astronomy.')
    .version(SISKIN_VERSION)
    .exitOverride()
    .showHelpAfterError('(siskin --help says more)')
  addStart(program)
  addRun(program)
  addStream(program)
  addVerify(program)
  addInspect(program)
  addCheck(program)
  addNew(program)
  addTruth(program)
  addSimulate(program)
  return program
}
