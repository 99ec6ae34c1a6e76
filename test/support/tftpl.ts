/**
 * A template of Terraform with values in it: `${name}`, `${indent(n, name)}`, `$${` and `%{ if a == "b" ~}`, which is
 * all that ours use. @throws for a name without a value and for anything else.
 */
export function rendered(template: string, values: Readonly<Record<string, string>>): string {
  const value = (name: string) => {
    const found = values[name]
    if (found === undefined) throw new Error(`the template asks for "${name}", which nothing gives`)
    return found
  }
  const chosen = template.replaceAll(
    /^%\{ if (\w+) == "(\w+)" ~\}\n([^]*?)^%\{ endif ~\}\n/gm,
    (_, name: string, is: string, body: string) => (value(name) === is ? body : '')
  )
  const filled = chosen.replaceAll(
    /(\$?)\$\{(?:indent\((\d+), (\w+)\)|(\w+))\}/g,
    (all, isEscaped: string, spaces: string | undefined, block: string, name: string) => {
      if (isEscaped) return all.slice(1)
      if (spaces === undefined) return value(name)
      return value(block)
        .trimEnd()
        .replaceAll('\n', `\n${' '.repeat(Number(spaces))}`)
    }
  )
  const left = /%\{.*|\$\{[^}]*[^\w}][^}]*\}/.exec(filled)
  if (left) throw new Error(`"${left[0]}" is nothing that is understood here`)
  return filled
}
