/** A number of things in a sentence: `1 part`, `2 parts`. */
export function amount(number: number, thing: string, shown = String(number)): string {
  return `${shown} ${thing}${number === 1 ? '' : 's'}`
}

/** The verb behind it: `1 part is`, `2 parts are`. */
export function are(number: number): 'is' | 'are' {
  return number === 1 ? 'is' : 'are'
}
