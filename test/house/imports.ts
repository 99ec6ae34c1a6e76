import { existsSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isExportDeclaration, isImportDeclaration } from 'typescript/unstable/ast/is'
import { SyntaxKind } from 'typescript/unstable/ast'
import type { Node } from 'typescript/unstable/ast'
import { API } from 'typescript/unstable/sync'

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** One file needs another: `type` is gone when the program runs, `later` is an `import()`. */
export interface Import {
  readonly from: string
  /** A path from the root of the repository, or the name of a package. */
  readonly to: string
  readonly kind: 'value' | 'type' | 'later'
}

/** Every import of the files that `tsconfig.json` names, read by TypeScript's own parser. */
export function allImports(): Import[] {
  const api = new API({ cwd: ROOT })
  try {
    const [project] = api
      .updateSnapshot({ openProjects: [join(ROOT, 'tsconfig.json')] })
      .getProjects()
    if (!project) throw new Error(`typescript found no project in ${ROOT}tsconfig.json`)
    const names = project.program.getSourceFileNames()
    return names
      .filter((name) => !name.includes('node_modules'))
      .flatMap((name) =>
        (project.program.getSourceFile(name)?.imports ?? []).map((specifier) => ({
          from: relative(ROOT, name),
          to: target(name, (specifier as Node & { text: string }).text),
          kind: kindOf(specifier.parent)
        }))
      )
  } finally {
    api.close()
  }
}

function target(from: string, specifier: string): string {
  if (specifier === '#contract') return 'engine/contract/index.ts'
  if (!specifier.startsWith('.')) return specifier
  const path = resolve(dirname(from), specifier)
  if (!existsSync(path)) throw new Error(`${from} imports ${specifier}, which does not exist`)
  return relative(ROOT, path)
}

function kindOf(parent: Node): Import['kind'] {
  if (isImportDeclaration(parent)) {
    return parent.importClause?.phaseModifier === SyntaxKind.TypeKeyword ? 'type' : 'value'
  }
  if (isExportDeclaration(parent)) return parent.isTypeOnly ? 'type' : 'value'
  return parent.kind === SyntaxKind.CallExpression ? 'later' : 'type'
}

/** Circles among what is connected, each as the list of its members; the empty list where there is none. */
export function circles(
  edges: readonly { readonly from: string; readonly to: string }[]
): string[][] {
  const next = new Map<string, Set<string>>()
  for (const { from, to } of edges) next.set(from, (next.get(from) ?? new Set()).add(to))
  const reach = new Map([...next.keys()].map((start) => [start, reachable(next, start)]))
  const found = new Set<string>()
  for (const [node, seen] of reach) {
    if (!seen.has(node)) continue
    const members = [...seen].filter((other) => reach.get(other)?.has(node)).toSorted()
    found.add(members.join(' '))
  }
  return [...found].toSorted().map((members) => members.split(' '))
}

function reachable(next: ReadonlyMap<string, ReadonlySet<string>>, start: string): Set<string> {
  const seen = new Set<string>()
  const waiting = [...(next.get(start) ?? [])]
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (seen.has(node)) continue
    seen.add(node)
    waiting.push(...(next.get(node) ?? []))
  }
  return seen
}
