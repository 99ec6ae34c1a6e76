/** For a text in SQL. */
export function quote(text: string): string {
  return text.replaceAll("'", "''")
}

/** A name in SQL. */
export function ident(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
