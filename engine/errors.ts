/** What a failed command tells its caller: 1 the work failed, 2 it was asked wrongly. */
export type ExitCode = 1 | 2

/** An error that a person reads: what is wrong, with which value, and what to do. */
export class SiskinError extends Error {
  override readonly name: string = 'SiskinError'
  /** For machines: what kind of error it is. */
  readonly code: string = 'failed'
  /** The same may work later, with nothing changed here. */
  readonly canRetry: boolean = false
  readonly exitCode: ExitCode

  constructor(message: string, exitCode: ExitCode = 1, options?: ErrorOptions) {
    super(message, options)
    this.exitCode = exitCode
  }
}

/** Something outside does not answer or take anything now: no fault of the data, and it may pass. */
export class OutageError extends SiskinError {
  override readonly name = 'OutageError'
  override readonly code = 'outage'
  override readonly canRetry = true
}

/** A small file of Siskin's own is not what was written: a power cut on a disk that lied, a hand. */
export class TornFileError extends SiskinError {
  override readonly name = 'TornFileError'
  override readonly code = 'torn-file'
}

/** Wrong use: unknown name, impossible value, missing argument. Exit code 2. */
export class UsageError extends SiskinError {
  override readonly name = 'UsageError'
  override readonly code = 'usage'

  constructor(message: string, options?: ErrorOptions) {
    super(message, 2, options)
  }
}

/** The message for a name that is not known: says which are, and which was meant where that is plain. */
export function unknownName(kind: string, name: string, known: Iterable<string>): UsageError {
  const names = [...known].sort()
  return new UsageError(
    `unknown ${kind} "${name}"${meantBy(name, names)}; known: ${names.join(', ')}`
  )
}

/** ` (name?)` for the one of the names that was meant, where that is plain; else nothing. */
export function meantBy(name: string, names: readonly string[]): string {
  const asked = lettersOf(name)
  const near =
    names.find((other) => lettersOf(other) === asked) ??
    names.find((other) => isNear(name.toLowerCase(), other.toLowerCase())) ??
    names.find((other) => isNear(asked, lettersOf(other))) ??
    names.find((other) => isWithPrefix(asked, lettersOf(other))) ??
    names.find((other) => isNearWithPrefix(asked, lettersOf(other)))
  return near === undefined ? '' : ` (${near}?)`
}

/** Small letters and digits alone: `fast_riser`, `fast-riser` and `Fast Riser` are one. */
function lettersOf(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
}

/** Whether one is the other with something before it, as topics have it. */
function isWithPrefix(a: string, b: string): boolean {
  const [short, long] = a.length < b.length ? [a, b] : [b, a]
  return short.length >= 4 && long.endsWith(short)
}

/** Both at once: a letter is wrong in the name, and the prefix is missing. */
function isNearWithPrefix(name: string, long: string): boolean {
  if (name.length < 5) return false
  const ends = [-1, 0, 1].map((more) => long.slice(-(name.length + more)))
  return ends.some((end) => end.length < long.length && isNear(name, end))
}

/** One letter more, less or other, or two that changed places. */
function isNear(a: string, b: string): boolean {
  const [short, long] = a.length < b.length ? [a, b] : [b, a]
  const at = Array.from(long).findIndex((letter, i) => letter !== short[i])
  if (at < 0) return true
  const rest = short.slice(at)
  const after = long.slice(at + 1)
  const turned = after.slice(0, 1) + long.charAt(at) + after.slice(1)
  return [rest, rest.slice(1)].includes(after) || turned === rest
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The system's error code (ENOSPC, EROFS, …), if it is one of the system's. */
export function codeOf(error: unknown): string | undefined {
  if (error instanceof SiskinError) return undefined // its code is ours
  return (error as NodeJS.ErrnoException | undefined)?.code
}
