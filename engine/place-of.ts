const OWN_FILE = /\b((?:science-modules|filters)\/[^\s()?]+?)(?:\?[^\s():]*)?:(\d+):\d+/

/** Where an error of a contributor's code was thrown: ` (science-modules/rate/pair.ts:12)`, or nothing. */
export function placeOf(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  const [, file, line] = OWN_FILE.exec(stack) ?? []
  return file === undefined ? '' : ` (${file}:${line})`
}
