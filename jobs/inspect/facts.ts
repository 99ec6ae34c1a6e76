/** Names and what they say, one pair a line. */
export function facts(rows: readonly (readonly string[])[]): string {
  const width = Math.max(0, ...rows.map(([name = '']) => name.length))
  return rows
    .map(([name = '', ...says]) => `  ${name.padEnd(width)}  ${says.join('  ')}`.trimEnd())
    .join('\n')
}
