/** Stands between a source and the number of a requeue of it: the name of the source that its parts are of. */
const MARK = '~'

export function requeueSource(source: string, nth: number): string {
  return `${source}${MARK}${nth}`
}

/** The source that this one is a requeue of; null for any other. */
export function requeuedSource(name: string): string | null {
  return new RegExp(`^(.+)${MARK}\\d+$`).exec(name)?.[1] ?? null
}

/** Sources of what was requeued of a source, in their order. */
export function requeueSourcesOf(source: string, sources: readonly string[]): string[] {
  const nth = (name: string) => Number(name.slice(source.length + 1))
  return sources.filter((name) => requeuedSource(name) === source).sort((a, b) => nth(a) - nth(b))
}
