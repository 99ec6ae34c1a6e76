const CARD = 80
const BLOCK = 2880
const MOST = 68 // characters of a text within its quotes

export type CardValue = string | number | bigint | boolean

/** A header of FITS: cards of 80 characters, an END, blanks to a whole block. Long texts go on in CONTINUE cards. */
export function fitsHeader(cards: readonly (readonly [keyword: string, value: CardValue])[]) {
  const lines = cards.flatMap(([keyword, value]) => {
    const name = keyword.padEnd(8)
    if (typeof value === 'string') return textCards(name, ascii(value))
    const text = typeof value === 'boolean' ? (value ? 'T' : 'F') : String(value)
    return [`${name}= ${text.padStart(20)}`]
  })
  const text = [...lines, 'END'].map((line) => line.padEnd(CARD)).join('')
  return padded(Buffer.from(text, 'latin1'), ' ')
}

/** Bytes up to a whole block. */
export function padded(bytes: Buffer, fill: string | number): Buffer {
  const rest = (BLOCK - (bytes.length % BLOCK)) % BLOCK
  return Buffer.concat([bytes, Buffer.alloc(rest, fill)])
}

/** FITS knows printable ASCII alone. */
export function ascii(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/gu, '?')
}

function textCards(name: string, text: string): string[] {
  const quoted = text.replaceAll("'", "''")
  if (quoted.length <= MOST) return [`${name}= '${quoted.padEnd(8)}'`]
  const parts = pieces(quoted)
  return parts.map((part, i) => {
    const start = i === 0 ? `${name}= ` : 'CONTINUE  '
    return `${start}'${part}${i < parts.length - 1 ? '&' : ''}'`
  })
}

/** A doubled quote stays in one piece. */
function pieces(text: string): string[] {
  const found: string[] = []
  for (let at = 0; at < text.length;) {
    let end = Math.min(at + MOST - 1, text.length)
    const quotes = /'*$/.exec(text.slice(at, end))![0].length
    if (end < text.length && quotes % 2 === 1) end--
    found.push(text.slice(at, end))
    at = end
  }
  return found
}
