/**
 * A declaration has all that it needs, each of its kind: who writes without a type checker hears of it too.
 * @throws Error that names the field
 */
export function expectFields(
  who: string,
  declared: object,
  fields: Readonly<Record<string, 'string' | 'object' | 'function'>>
): void {
  for (const [name, kind] of Object.entries(fields)) {
    const value = (declared as Readonly<Record<string, unknown>>)[name]
    const none = kind === 'object' ? ' ({} for none)' : ''
    if (value === undefined || value === null)
      throw new Error(`${who}: "${name}" is missing${none}`)
    if (typeof value !== kind)
      throw new Error(`${who}: "${name}" is ${typeof value}, and not ${kind}`)
  }
}

const MOST_LETTERS = 100

/** @throws Error for a text that is too long for what it becomes: a name of a folder, with others. */
export function expectShort(who: string, texts: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(texts)) {
    if (text.length <= MOST_LETTERS) continue
    const long = `its ${name} is ${text.length} letters long, at most ${MOST_LETTERS} are possible`
    throw new Error(`${who}: ${long}, as folders are named by it`)
  }
}
