import { dirname, join } from 'node:path'
import { API } from 'typescript/unstable/sync'
import { ROOT } from './imports.ts'

/**
 * Compiles files that exist in memory only, as if they lay in the repository, by its `tsconfig.json`.
 * Answers `path:line message` of every error.
 */
export function errorsOf(files: Readonly<Record<string, string>>): string[] {
  const config = join(ROOT, 'tsconfig.scratch.json')
  const paths = Object.keys(files).map((path) => join(ROOT, path))
  const virtual = new Map(Object.entries(files).map(([path, text]) => [join(ROOT, path), text]))
  const options = { noUnusedLocals: false, noUnusedParameters: false }
  const text = { extends: './tsconfig.json', compilerOptions: options, include: [], files: paths }
  virtual.set(config, JSON.stringify(text))
  const folders = new Set(paths.map((path) => dirname(path)))
  const api = new API({
    cwd: ROOT,
    fs: {
      readFile: (path) => virtual.get(path),
      fileExists: (path) => virtual.has(path) || undefined,
      directoryExists: (path) => folders.has(path) || undefined
    }
  })
  try {
    const [project] = api.updateSnapshot({ openProjects: [config] }).getProjects()
    if (!project) throw new Error(`typescript made no project of ${paths.join(', ')}`)
    const { program } = project
    const found = [
      ...program.getConfigFileParsingDiagnostics(),
      ...program.getProgramDiagnostics(),
      ...paths.flatMap((path) => [
        ...program.getSyntacticDiagnostics(path),
        ...program.getSemanticDiagnostics(path)
      ])
    ]
    return found.map(({ fileName, pos, text: message }) => {
      const before = virtual.get(fileName ?? '')?.slice(0, pos) ?? ''
      return `${fileName?.slice(ROOT.length) ?? ''}:${before.split('\n').length} ${message}`
    })
  } finally {
    api.close()
  }
}
