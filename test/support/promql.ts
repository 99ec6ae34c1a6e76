/** A metric as an expression of PromQL asks for it. */
export interface Asked {
  readonly name: string
  /** Labels it is chosen or grouped by. */
  readonly labels: readonly string[]
}

const WORD = /[a-zA-Z_:][a-zA-Z0-9_:]*/g
const LANGUAGE = new Set(['by', 'and', 'or', 'unless', 'on', 'without', 'offset'])

/** The metrics in an expression: names that are neither called nor part of the language. */
export function metricsIn(expression: string): Asked[] {
  const bare = expression.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""').replaceAll(/\[[^\]]*\]/g, '')
  const groups = [...bare.matchAll(/\b(?:by|on|without)\s*\(([^)]*)\)/g)]
  const grouped = groups.flatMap(([, names = '']) => names.match(WORD) ?? [])
  const rest = bare.replaceAll(/\b(?:by|on|without)\s*\([^)]*\)/g, ' ')
  const found: Asked[] = []
  const selectors = /([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(\{[^}]*\}|\()?/g
  for (const [, name = '', tail = ''] of rest.matchAll(selectors)) {
    if (tail === '(' || LANGUAGE.has(name) || /^e\d+$/.test(name)) continue
    const chosen = tail.match(/[a-zA-Z_][a-zA-Z0-9_]*(?=\s*(=~|!~|!=|=))/g) ?? []
    found.push({ name, labels: [...chosen, ...grouped] })
  }
  return found
}
