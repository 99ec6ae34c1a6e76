import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { UsageError } from '../../engine/errors.ts'
import { ALERT_COLUMNS } from '../../engine/table/schema.ts'

/** The folder that holds science-modules/ and filters/. */
export const PROJECT = fileURLToPath(new URL('../..', import.meta.url))

const NAME = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/
const MOST_LETTERS = 40
const OWNER = '@your-name'

type Kind = 'module' | 'filter'

interface Recipe {
  readonly folder: string
  readonly file: string
  /** The list in registry.ts. */
  readonly list: string
  readonly ownTest: string
}

const RECIPES: Record<Kind, Recipe> = {
  module: {
    folder: 'science-modules',
    file: 'module.ts',
    list: 'modules',
    ownTest: 'module.test.ts'
  },
  filter: { folder: 'filters', file: 'filter.ts', list: 'filters', ownTest: 'filter.test.ts' }
}

export function addNew(program: Command, project = PROJECT): void {
  const group = program
    .command('new')
    .description('start a science module or a filter from its template')
    .addHelpText(
      'after',
      '\nExamples:\n  siskin new module colour_gap --owner @ana\n  siskin new filter red_giants'
    )
  for (const kind of ['module', 'filter'] as const) {
    group
      .command(kind)
      .description(`write a ${kind}'s folder and register it`)
      .argument('<name>', 'lower-case letters, digits and underscores')
      .option('--owner <who>', 'who answers for it', OWNER)
      .action(async (name: string, { owner }: { owner: string }) => {
        console.log(await createFolder(kind, name, project, owner))
      })
  }
}

/**
 * Writes the folder of a new module or filter and its line in the registry.
 * @returns what to do next. @throws UsageError for a name that exists or may not be used.
 */
export async function createFolder(
  kind: Kind,
  name: string,
  project: string,
  owner = OWNER
): Promise<string> {
  const recipe = RECIPES[kind]
  const home = join(project, recipe.folder)
  const folder = join(home, name)
  checkName(kind, name)
  if (existsSync(folder)) {
    throw new UsageError(`${recipe.folder}/${name} exists: choose another name, or change that one`)
  }
  const registry = join(home, 'registry.ts')
  const registered = register(await readFile(registry, 'utf8'), recipe, name)
  await mkdir(folder)
  for (const file of await readdir(join(home, '_template'))) {
    const text = await readFile(join(home, '_template', file), 'utf8')
    await writeFile(join(folder, file), fill(text, kind, name, owner))
  }
  await writeFile(registry, registered)
  return nextSteps(kind, name, owner)
}

function checkName(kind: Kind, name: string): void {
  if (!NAME.test(name) || name.length > MOST_LETTERS) {
    throw new UsageError(
      `${kind} name "${name}": use lower-case letters, digits and single underscores, a letter first, at most ${MOST_LETTERS} (colour_gap)`
    )
  }
  const taken = new Set(ALERT_COLUMNS.map((column) => column.name.split('.')[0]!))
  if (kind === 'module' && taken.has(name)) {
    throw new UsageError(
      `module name "${name}": the alert table has a column of that name; choose another`
    )
  }
}

function fill(text: string, kind: Kind, name: string, owner: string): string {
  return text
    .replaceAll(`${kind}_name`, name)
    .replaceAll(`${kind}-name`, name.replaceAll('_', '-'))
    .replaceAll(OWNER, owner)
}

/** The registry with one more import and one more entry, laid out as the formatter does. */
function register(text: string, { list, file }: Recipe, name: string): string {
  const imported = variableOf(name, list)
  const line = `import ${imported} from './${name}/${file}'`
  const lines = text.split('\n')
  const later = lines.findIndex(
    (other) =>
      /^import \w+ from '\.\//.test(other) &&
      other.slice(other.indexOf("'")) > line.slice(line.indexOf("'"))
  )
  const lastImport = lines.findLastIndex((other) => other.startsWith('import '))
  lines.splice(later < 0 ? lastImport + 1 : later, 0, line)
  const found = new RegExp(`(export const ${list}: [^=]+ = )\\[([^\\]]*)\\]`).exec(lines.join('\n'))
  if (!found) throw new UsageError(`registry.ts has no list "${list}": add ${imported} by hand`)
  const entries = found[2]!.split(',').map((entry) => entry.trim())
  const all = [...entries.filter(Boolean), imported]
  const short = `${found[1]}[${all.join(', ')}]`
  const long = `${found[1]}[\n  ${all.join(',\n  ')}\n]`
  return lines.join('\n').replace(found[0], () => (short.length <= 100 ? short : long))
}

/** `solar_system` as a variable: solarSystem. A word of the language gets the list's name behind it. */
function variableOf(name: string, list: string): string {
  const camel = name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
  const isFree = camel !== list && isVariable(camel)
  return isFree ? camel : `${camel}${list === 'modules' ? 'Module' : 'Filter'}`
}

function isVariable(name: string): boolean {
  const words =
    'await break case catch class const continue debugger default delete do else enum export extends false finally for function if implements import in interface let new null package private protected public return static super switch this throw true try type typeof undefined var void while with yield'
  return !words.split(' ').includes(name)
}

function nextSteps(kind: Kind, name: string, owner: string): string {
  const { folder, file, ownTest } = RECIPES[kind]
  const golden =
    kind === 'module'
      ? [
          'UPDATE_GOLDEN=1 npx vitest run test/conformance/modules.test.ts',
          'writes down what it answers today'
        ]
      : ['npx vitest run test/conformance/filters.test.ts', 'the same suite proves every filter']
  const steps = [
    [`${folder}/${name}/${file}`, 'what it reads, what it says, and how'],
    [`${folder}/${name}/${ownTest}`, 'cases you worked out by hand, one of them null'],
    [`${folder}/${name}/README.md`, 'the rule, when it is null, reference, versions'],
    ['npx siskin check', 'where it stands in the plan'],
    golden,
    ['npm run docs', 'its page in docs/']
  ]
  const width = Math.max(...steps.map(([what = '']) => what.length))
  return [
    `${folder}/${name} is written and registered. Now:`,
    ...steps.map(([what = '', why = ''], i) => `  ${i + 1}. ${what.padEnd(width)}  ${why}`),
    ...(owner === OWNER ? [`Put your name in place of ${OWNER}: the suite asks for it.`] : [])
  ].join('\n')
}
