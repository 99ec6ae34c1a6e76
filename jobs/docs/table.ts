export const NOTE =
  'This page is generated from the code by `npm run docs`: change the code, not the page.'

/** Of a table of columns. */
export const COLUMN_HEAD = ['column', 'type', 'unit', 'UCD', 'what']

/** A word as code; nothing for none. */
export function code(word: string | undefined): string {
  return word ? `\`${word}\`` : ''
}

export function page(title: string, blocks: readonly string[]): string {
  return `${[`# ${title}`, ...blocks].join('\n\n')}\n`
}

export function table(
  head: readonly string[],
  rows: readonly (readonly (string | undefined)[])[]
): string {
  const line = (cells: readonly (string | undefined)[]) => `| ${cells.join(' | ')} |`
  const escaped = rows.map((row) => row.map((cell = '') => cell.replaceAll(/(?<!\\)\|/g, '\\|')))
  return [line(head), `|${'---|'.repeat(head.length)}`, ...escaped.map(line)].join('\n')
}
