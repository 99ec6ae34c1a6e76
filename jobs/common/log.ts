import { CommanderError } from 'commander'
import { codeOf, messageOf, SiskinError } from '../../engine/errors.ts'
import type { LogLevel } from '../../engine/stream/common/messages.ts'
import type { LogEvent } from '../../engine/stream/supervisor/events.ts'
import { Interrupted } from './interrupt.ts'
import { loadFaultOf } from './load-fault.ts'
import { ProgressLine } from './terminal.ts'

/** Where a long-running command says what happens: lines on stderr. */
export interface Log {
  event(event: LogEvent): void
  /** Something that the person at the terminal asked for. */
  say(message: string): void
  progress(line: () => string): void
  clear(): void
}

export interface LogOptions {
  readonly logFormat: 'text' | 'json'
  readonly logLevel: LogLevel
}

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']

/** The form of all that is written to stderr, failures of the whole program included. */
let form: LogOptions['logFormat'] = isAskedForJson() ? 'json' : 'text'

/** Before the settings are read only the command line and the environment can say so. */
function isAskedForJson(): boolean {
  const [, , command, ...args] = process.argv
  if (command !== 'stream') return false
  const flag = args.indexOf('--log-format')
  if (flag >= 0) return args[flag + 1] === 'json'
  const joined = args.find((arg) => arg.startsWith('--log-format='))
  return (joined ?? `=${process.env['SISKIN_LOG_FORMAT']}`).endsWith('=json')
}

export function isJson(): boolean {
  return form === 'json'
}

export function openLog({ logFormat, logLevel }: LogOptions): Log {
  form = logFormat
  const least = LEVELS.indexOf(logLevel)
  const isShown = (level: LogLevel) => LEVELS.indexOf(level) >= least
  return logFormat === 'json' ? jsonLog(isShown) : textLog(isShown)
}

/** For people: event that are routine are told by the progress line. */
function textLog(isShown: (level: LogLevel) => boolean): Log {
  const line = new ProgressLine(process.stderr)
  return {
    event({ level, message, isRoutine }) {
      if (isShown(isRoutine ? 'debug' : level)) line.say(`${level}: ${message}`)
    },
    say: (message) => line.say(message),
    progress(text) {
      if (process.stderr.isTTY || isShown('info')) line.update(text)
    },
    clear: () => line.clear()
  }
}

/** For machines: one object a line. */
function jsonLog(isShown: (level: LogLevel) => boolean): Log {
  const event = ({ level, message, fields }: LogEvent) => {
    if (isShown(level)) writeJson(level, message, fields)
  }
  process.removeAllListeners('warning')
  process.on('warning', ({ name, message }) => event({ level: 'warn', message, fields: { name } }))
  process.on('uncaughtException', (error) => {
    writeJson('error', `unexpected: ${messageOf(error)}`, { exitCode: 1, stack: error.stack })
    process.exit(1)
  })
  return {
    event,
    say: (message) => event({ level: 'info', message }),
    progress: () => {},
    clear: () => {}
  }
}

function writeJson(level: LogLevel, message: string, fields: object = {}): void {
  const time = new Date().toISOString()
  process.stderr.write(`${JSON.stringify({ time, level, message, ...fields })}\n`)
}

/** What a stream does not take is told by the stream, and by who wrote. */
let lastTold = ''

/** Says what went wrong, if nobody has, and returns the exit code: 1 it failed, 2 it was asked wrongly. */
export function tellFailure(error: unknown): number {
  if (isJson()) return tellJson(error)
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  const stack = error instanceof Error ? error.stack : undefined
  if (process.env['SISKIN_DEBUG'] && stack !== undefined) console.error(stack)
  const place = loadFaultOf(error)
  const sentence = sentenceOf(error, place)
  if (sentence !== lastTold) console.error(`siskin: ${sentence}`)
  lastTold = sentence
  return exitCodeOf(error, place)
}

/** A module or filter that cannot be loaded was written wrongly. */
function exitCodeOf(error: unknown, place: string | null): number {
  if (error instanceof Interrupted) return 130
  if (error instanceof SiskinError) return error.exitCode
  return place === null ? 1 : 2
}

/** What is wrong, for people: the system's own errors say it themselves, others are defects of ours. */
function sentenceOf(error: unknown, place: string | null): string {
  const [text = ''] = messageOf(error).split(/\n+LINE \d+:/) // DuckDB goes on with the query
  const lines = text.split('\n').filter((line) => !/^\s+at /.test(line))
  const message = lines.join('\n').trim()
  if (error instanceof SiskinError) return message
  if (place !== null) return `${place} cannot be loaded: ${message}`
  if (codeOf(error) !== undefined) return message
  return `unexpected: ${message}; this is a defect: please report it with what SISKIN_DEBUG=1 shows`
}

function tellJson(error: unknown): number {
  if (error instanceof CommanderError && error.exitCode === 0) return 0
  const message = messageOf(error).replace(/^error: /, '')
  if (error instanceof SiskinError || error instanceof CommanderError) {
    const exitCode = error instanceof SiskinError ? error.exitCode : 2
    writeJson('error', message, { exitCode })
    return exitCode
  }
  const stack = error instanceof Error ? error.stack : undefined
  const place = loadFaultOf(error)
  const exitCode = exitCodeOf(error, place)
  const told = place === null ? `unexpected: ${message}` : `${place} cannot be loaded: ${message}`
  writeJson('error', told, { exitCode, stack })
  return exitCode
}
