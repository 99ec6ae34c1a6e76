/** A line of a shell as words, for what the pages show: quotes, comments, and what ends a command (`|`, `&&`, `;`, `>`). */
export function commandsOf(script: string): string[][] {
  const commands: string[][] = []
  for (const line of script.replaceAll(/\\\n\s*/g, ' ').split('\n')) {
    let words: string[] = []
    const token = /\s*(#.*$|&&|\|\|?|;|&|\d?>{1,2}|(?:'[^']*'|"[^"]*"|\\.|[^\s'"|;&>\\])+)/gy
    for (const [, word = ''] of line.matchAll(token)) {
      if (word.startsWith('#')) break
      if (/^(&&|\|\|?|;|&|\d?>{1,2})$/.test(word)) {
        commands.push(words)
        words = []
      } else words.push(word.replaceAll(/'([^']*)'|"([^"]*)"/g, '$1$2'))
    }
    commands.push(words)
  }
  return commands.filter((words) => words.length > 0)
}

/** The arguments of each call of `siskin`, however it is started. */
export function siskinCalls(script: string): string[][] {
  return commandsOf(script).flatMap((words) => {
    const rest = words.slice(words.findIndex((word) => !/^(\$|sudo|[A-Z_]+=.*)$/.test(word)))
    if (rest[0] === 'npx' && rest[1] === 'siskin') return [rest.slice(2)]
    if (rest[0] === 'siskin') return [rest.slice(1)]
    if (rest[0] === 'npm' && rest[1] === 'start') return [['start', ...rest.slice(3)]]
    return []
  })
}
