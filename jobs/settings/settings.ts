import { readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { InvalidArgumentError, Option } from 'commander'
import type { Command } from 'commander'
import type { parse } from 'yaml'
import type { Survey } from '../../engine/contract/index.ts'
import { codeOf, messageOf, unknownName, UsageError } from '../../engine/errors.ts'
import { addEnvironmentHelp, checkEnvironment, dropServiceLinks } from './environment.ts'
import { HDFS_SETTINGS, trustAtHdfs } from './hdfs.ts'
import { REGISTRIES, REGISTRY_SETTINGS, withUser } from './registry.ts'
import { REPLAY_SETTINGS } from './replay.ts'
import { STREAM_SETTINGS } from './stream.ts'
import { list, valuesOf, wholeNumber, yesNo } from './values.ts'
import type { Setting, ValuesOf } from './values.ts'

export { wholeNumber } from './values.ts'

const SURVEYS: readonly Survey[] = ['ztf', 'lsst']

/** Every setting of every command; a command takes those it names. */
const SETTINGS = {
  lake: { key: 'lake', flag: '--lake <dir>', about: 'the lake', fallback: 'siskin-data/lake' },
  ...HDFS_SETTINGS,
  members: {
    key: 'members',
    flag: '--members <n>',
    about: 'how many members work at once on this machine (default: one a core; of a stream one)',
    parse: wholeNumber(1, 256)
  },
  schemas: {
    key: 'schemas',
    flag: '--schemas <place>',
    about:
      'where writer schemas of LSST packets are: a folder of <id>.avsc, or a registry (http://…)'
  },
  ...REGISTRY_SETTINGS,
  catalogues: {
    key: 'catalogues',
    flag: '--catalogues <dir>',
    about:
      'folder of the catalogues that modules and filters ask: HATS, or <name>.parquet, .csv or .vot with ra and dec'
  },
  modules: {
    key: 'modules',
    flag: '--modules <names>',
    about: 'only these modules (a,b,c)',
    parse: list
  },
  filters: {
    key: 'filters',
    flag: '--filters <names>',
    about: 'only these filters (a,b,c)',
    parse: list
  },
  surveys: {
    key: 'surveys',
    flag: '--surveys <names>',
    about: 'only packets of these surveys; others go to quarantine',
    unset: SURVEYS,
    parse: surveys
  },
  duplicateNights: {
    key: 'duplicateNights',
    flag: '--duplicate-nights <n>',
    about:
      'recognise a copy of an alert for so many nights after the first landed (default: for ever)',
    parse: wholeNumber(0, 100_000)
  },
  compressPackets: {
    key: 'compressPackets',
    flag: '--compress-packets <surveys>',
    about:
      'keep packets of these surveys compressed (zstd), or of none (default: of lsst where the lake is in HDFS)',
    parse: (text: string) => (text === 'none' ? [] : surveys(text))
  },
  withInjected: {
    key: 'withInjected',
    flag: '--with-injected [yes]',
    about:
      'topics get the alerts that siskin inject made too; without it they lie in the lake only',
    preset: 'yes',
    fallback: false,
    parse: yesNo
  },
  partPackets: {
    key: 'partPackets',
    flag: '--part-packets <n>',
    about: 'most packets of a part',
    fallback: 1000,
    parse: wholeNumber(1, 100_000)
  },
  partMegabytes: {
    key: 'partMegabytes',
    flag: '--part-megabytes <n>',
    about: 'most packet bytes of a part, in MiB',
    fallback: 40,
    parse: wholeNumber(1, 1024)
  },
  ...STREAM_SETTINGS,
  ...REPLAY_SETTINGS
} satisfies Record<string, Setting>

export type SettingName = keyof typeof SETTINGS

export type Settings = ValuesOf<typeof SETTINGS>

/** `partPackets` is SISKIN_PART_PACKETS in the environment. */
function variableOf(key: string): string {
  return `SISKIN_${key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`
}

/**
 * Adds flags to a command, each with its environment variable, and `--config`. One that may name a
 * registry takes a user and a password for it too.
 */
export function addSettings(command: Command, names: readonly SettingName[]): Command {
  dropServiceLinks() // before commander reads the environment
  const hasRegistry = REGISTRIES.some((name) => names.includes(name))
  const secrets = hasRegistry ? (['registryUser', 'registryPassword'] as const) : []
  const ofLake = names.includes('lake') ? (['hdfsCa'] as const) : []
  for (const name of [...names, ...ofLake, ...secrets]) {
    const setting: Setting = SETTINGS[name]
    const option = new Option(setting.flag, setting.about).env(variableOf(setting.key))
    if (setting.parse) option.argParser(setting.parse)
    if (setting.preset !== undefined) option.preset(setting.preset)
    if (setting.fallback !== undefined) option.default(setting.fallback)
    command.addOption(option)
  }
  if (ofLake.length > 0) command.hook('preAction', () => trustAtHdfs(readSettings(command).hdfsCa))
  addEnvironmentHelp(command, names.includes('lake'))
  return command.addOption(
    new Option('--config <file>', 'settings from a YAML or JSON file').env('SISKIN_CONFIG')
  )
}

/**
 * The settings in force: flag, else environment, else configuration file, else default.
 * @throws UsageError for a file that does not parse or holds a key that is not known, and for a
 * SISKIN_ variable that is not known.
 * @param makesCatalogues the folder of catalogues may be one that is to be made
 */
export function readSettings(command: Command, makesCatalogues = false): Settings {
  checkEnvironment(Object.keys(SETTINGS).map(variableOf))
  const values: Record<string, unknown> = { ...command.opts() }
  for (const [key, value] of Object.entries(fileOf(command))) {
    const source = command.getOptionValueSource(key)
    if (source === undefined || source === 'default') values[key] = value
  }
  refuseEmpty(values)
  if (!makesCatalogues) expectCatalogues(values['catalogues'])
  return withUser(valuesOf(SETTINGS, values), values)
}

/** What the file of `--config` holds; nothing without one. */
export function fileOf(command: Command): Readonly<Record<string, unknown>> {
  const file = command.getOptionValue('config') as string | undefined
  return file ? readFile(file) : {}
}

/** Settings whose empty text is no value: it comes of a variable of the shell that is not set. */
const NEVER_EMPTY = ['lake', 'schemas', 'catalogues', 'group'] as const

function refuseEmpty(values: Readonly<Record<string, unknown>>): void {
  for (const key of NEVER_EMPTY) {
    if (values[key] !== '') continue
    const flag = SETTINGS[key].flag.split(' ')[0]
    throw new UsageError(`${flag} is empty: is the variable set that it comes from?`)
  }
}

/** Those at an address are looked for when they are asked. */
function expectCatalogues(folder: unknown): void {
  if (typeof folder !== 'string' || folder.includes('://')) return
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return
  throw new UsageError(`--catalogues "${folder}": no such folder`)
}

/** Many files, which only who has a configuration needs. */
const yaml = () => createRequire(import.meta.url)('yaml') as { readonly parse: typeof parse }

function readFile(path: string): Record<string, unknown> {
  let content: unknown
  try {
    content = yaml().parse(readFileSync(path, 'utf8'))
  } catch (error) {
    const known: Record<string, string> = {
      ENOENT: 'no such file',
      EISDIR: 'a folder, and no file'
    }
    const what = known[codeOf(error) ?? ''] ?? messageOf(error).split(/:?\n/, 1)[0]!
    throw new UsageError(`configuration ${path}: ${what}`)
  }
  if (content === null || content === undefined) return {}
  if (typeof content !== 'object' || Array.isArray(content)) {
    throw new UsageError(`configuration ${path}: it must hold keys and values, e.g. "members: 2"`)
  }
  const checked: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(content)) checked[key] = checkValue(path, key, value)
  return checked
}

function checkValue(path: string, key: string, value: unknown): unknown {
  const settings: Record<string, Setting> = SETTINGS
  const setting = settings[key]
  if (!setting) throw unknownName(`key in ${path}:`, key, Object.keys(SETTINGS))
  const isPlain = ['string', 'number', 'boolean'].includes(typeof value)
  const isList = Array.isArray(value) && value.every((entry) => typeof entry === 'string')
  if (!isPlain && !isList) {
    throw new UsageError(
      `configuration ${path}: ${key} must be a text, a number, true or false, or a list of texts`
    )
  }
  try {
    const text = isList ? value.join(',') : String(value)
    return setting.parse ? setting.parse(text) : text
  } catch (error) {
    throw new UsageError(`configuration ${path}: ${key}: ${messageOf(error)}`)
  }
}

function surveys(text: string): Survey[] {
  const names = list(text)
  for (const name of names) {
    if (!SURVEYS.includes(name as Survey)) {
      throw new InvalidArgumentError(`unknown survey "${name}"; known: ${SURVEYS.join(', ')}.`)
    }
  }
  return names as Survey[]
}
