const OWN_FILE = /\b((?:science-modules|filters)\/[^\s()?]+?)(?:\?[^\s():]*)?:(\d+):\d+/
/** How a stack begins when a file could not even be read as a program. */
const UNREADABLE = /^(?:file:\/\/)?(\/[^\n]+?)(?:\?[^\n:]*)?:(\d+)\n/

/** Where an error of a contributor's code was thrown: ` (science-modules/rate/pair.ts:12)`, or nothing. */
export function placeOf(error: unknown): string {
  const [, file, line] = OWN_FILE.exec(stackOf(error)) ?? []
  return file === undefined ? '' : ` (${file}:${line})`
}

/**
 * Which file is no program, or breaks while it is loaded: `science-modules/rate/pair.ts:12`; null for any other error.
 */
export function loadPlaceOf(error: unknown): string | null {
  const stack = stackOf(error)
  const unreadable = error instanceof SyntaxError ? unreadableAt(stack) : null
  if (unreadable !== null) return unreadable
  const thrownAt =
    stack.split('\n').find((text) => /^\s+at (?!.*\/engine\/contract\/)/.test(text)) ?? ''
  const [, own, at] = OWN_FILE.exec(thrownAt) ?? []
  return own === undefined ? null : `${own}:${at}`
}

/** The place that a stack, or what a process said at its end, begins with; null where it begins with none. */
export function unreadableAt(text: string): string | null {
  const [, file, line] = UNREADABLE.exec(text) ?? []
  if (file === undefined) return null
  const [own = file] = /\b(?:science-modules|filters)\/.*/.exec(file) ?? []
  return `${own}:${line}`
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? '') : ''
}
