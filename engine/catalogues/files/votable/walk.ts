import sax from 'sax'
import type { Tag } from 'sax'

/** Characters that are read at once: more is not held in memory twice. */
const PIECE = 1 << 20

/** What is said while a document is read. Names come without prefix. */
export interface Visitor {
  open(name: string, attributes: Readonly<Record<string, string>>): void
  text(text: string): void
  close(name: string): void
  /** True: what follows is not read. */
  readonly isDone: boolean
}

/** @throws Error that says where it is no XML */
export function walkXml(bytes: Uint8Array, visitor: Visitor): void {
  const parser = sax.parser(true, { position: true })
  const local = (name: string) => name.slice(name.indexOf(':') + 1)
  Object.assign(parser, {
    onerror(error: Error) {
      const [what = ''] = error.message.split('\n')
      throw new Error(`it is no XML: ${what} in line ${parser.line + 1}`)
    },
    onopentag: ({ name, attributes }: Tag) => visitor.open(local(name), attributes),
    onclosetag: (name: string) => visitor.close(local(name)),
    ontext: (text: string) => visitor.text(text),
    oncdata: (text: string) => visitor.text(text)
  })
  const decoder = new TextDecoder(encodingOf(bytes))
  for (let at = 0; at < bytes.length && !visitor.isDone; at += PIECE) {
    const isLast = at + PIECE >= bytes.length
    parser.write(decoder.decode(bytes.subarray(at, at + PIECE), { stream: !isLast }))
  }
  if (!visitor.isDone) parser.close()
}

/** By its mark of byte order, or its declaration; UTF-8 else. */
function encodingOf(bytes: Uint8Array): string {
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be'
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le'
  const head = Buffer.from(bytes.subarray(0, 200)).toString('latin1')
  return /^<\?xml[^>]*\bencoding\s*=\s*["']([^"']+)["']/.exec(head)?.[1] ?? 'utf-8'
}
