import type { Command } from 'commander'
import type { Filter, Module } from '../../engine/contract/index.ts'
import { needed } from '../../engine/enrich/plan.ts'
import { typeText } from '../../engine/table/describe.ts'
import { moduleColumns } from '../../engine/table/enriched.ts'
import type { MetricDef } from '../../engine/metrics/family.ts'
import { REASONS } from '../../engine/reasons.ts'
import { code, COLUMN_HEAD, NOTE, page, table } from './table.ts'
import { STAGES } from '../../engine/stream/common/batch-stages.ts'
import { METRICS } from '../../engine/stream/common/metric-defs.ts'

const HELP_WIDTH = 96

/** Every module with what it reads and makes. */
export function modulesPage(modules: readonly Module[]): string {
  return page('Science modules', [
    NOTE,
    'Each adds one struct of its name, with a `status` that says why a row has its values or has none. To bring one: [science-modules](../science-modules/README.md).',
    table(
      ['module', 'version', 'says'],
      modules.map(({ name, version, about }) => [`[${name}](#${name})`, version, about])
    ),
    ...modules.flatMap(moduleSection)
  ])
}

function moduleSection(module: Module): string[] {
  const { name, version, about, owner, cite, surveys } = module
  const facts = [
    `Version ${version}, ${owner}.`,
    `Surveys: ${(surveys ?? ['ztf', 'lsst']).join(', ')}.`,
    ...(cite ? [`Reference: <${cite}>.`] : []),
    `Reads from: ${[...needed(module)].sort().join(', ')}.`
  ]
  return [
    `## ${name}`,
    about,
    `${facts.join(' ')} [README](../science-modules/${name}/README.md)`,
    outputTable(module)
  ]
}

/** Groups that hold the same columns (one a band) share their lines. */
function outputTable(module: Module): string {
  const plain: string[][] = []
  const groups = new Map<string, { names: string[]; rows: string[][] }>()
  for (const [name, output] of Object.entries(module.produces)) {
    if (output.type !== 'group') {
      const type = typeText(output.type, output.isList ? 'own' : undefined)
      plain.push([`\`${name}\``, type, code(output.unit), code(output.ucd), output.doc])
      continue
    }
    const rows = moduleColumns(module)
      .filter((def) => def.name.startsWith(`${module.name}.${name}.`))
      .map(({ name: full, type, list, unit, ucd, doc }) => [
        full.slice(module.name.length + name.length + 2),
        typeText(type, list),
        code(unit),
        code(ucd),
        doc.replaceAll(new RegExp(`\\bin ${name}\\b`, 'g'), 'in the band')
      ])
    const key = JSON.stringify(rows)
    const same = groups.get(key) ?? { names: [], rows }
    same.names.push(name)
    groups.set(key, same)
  }
  const grouped = [...groups.values()].flatMap(({ names, rows }) =>
    rows.map(([inner, ...rest]) => [`\`${names.join('\\|')}.${inner}\``, ...rest])
  )
  return table(COLUMN_HEAD, [...plain, ...grouped])
}

/** Every filter with its topic, and the predicates that filters share. */
export function filtersPage(filters: readonly Filter[]): string {
  const blocks = new Map(
    filters.flatMap(({ uses }) => Object.values(uses)).map((block) => [block.name, block])
  )
  return page('Filters and topics', [
    NOTE,
    'A message of a topic is the alert with all module columns, its light curve and its stamps. To bring a filter: [filters](../filters/README.md).',
    table(
      ['filter', 'version', 'topic', 'surveys', 'an alert that is'],
      filters.map(({ name, version, topic, surveys, about }) => [
        `[${name}](../filters/${name}/README.md)`,
        version,
        `\`${topic}\``,
        (surveys ?? ['ztf', 'lsst']).join(', '),
        about
      ])
    ),
    '## What they read',
    table(
      ['filter', 'columns', 'blocks'],
      filters.map(({ name, requires, uses }) => [
        name,
        columnsOf(requires),
        Object.values(uses)
          .map((block) => block.name)
          .join(', ')
      ])
    ),
    '## Blocks',
    'Predicates that filters share; each is computed once per batch however many use it.',
    table(
      ['block', 'true when', 'columns'],
      [...blocks.values()].map(({ name, about, requires }) => [name, about, columnsOf(requires)])
    )
  ])
}

function columnsOf(needs: Filter['requires']): string {
  return Object.values(needs)
    .map(({ column }) => `\`${column}\``)
    .join(', ')
}

/** Every metric of the live stream. */
export function metricsPage(): string {
  const all: readonly MetricDef[] = Object.values(METRICS)
  return page('Watching the live stream', [
    NOTE,
    '## Metrics',
    '`siskin stream --metrics-port 9464` answers for all members of its machine:',
    table(
      ['path', 'says'],
      [
        ['`/metrics`', 'the numbers below, in the text format of Prometheus'],
        ['`/healthz`', '200 as long as the supervisor looks at its members, else 503'],
        [
          '`/readyz`',
          '200 when a member is in the group and one took something in within `--progress-seconds` or has nothing to take in; else 503: a member that waits for a registry or the store, or ends again and again, is named with what it waits for. JSON: `ok`, `reason`, `members`, `joined`, `lag`'
        ]
      ]
    ),
    'Counters begin at 0 with their supervisor. They follow the ledger, but are not it: what a member committed in the moment it died may be missing, and `siskin verify` is the proof. A topic that nothing was heard of for two days is left out. A dashboard, alerts and what to do about them: `deploy/grafana`, `deploy/prometheus`, `deploy/openstack/runbook.md`.',
    table(
      ['metric', 'type', 'labels', 'what'],
      all.map(({ name, type, labels, about }) => [
        `\`${name}\``,
        type,
        labels.map((label) => `\`${label}\``).join(', '),
        about
      ])
    ),
    '## Values of labels',
    '`topic` is an input topic, `output_topic` one of [these](filters.md) without its prefix, `module` one of [these](modules.md), `member` counts from 0.',
    table(
      ['`stage`', 'time for'],
      Object.entries(STAGES).map(([stage, about]) => [`\`${stage}\``, about])
    ),
    table(
      ['`reason`', 'a packet is in quarantine because'],
      Object.entries(REASONS).map(([reason, about]) => [`\`${reason}\``, about])
    ),
    '## Bounds of histograms',
    table(
      ['metric', 'buckets up to'],
      all.flatMap(({ name, bounds }) => (bounds ? [[`\`${name}\``, bounds.join(', ')]] : []))
    ),
    '## Logs',
    '`siskin stream --log-format json` writes one object a line to stderr and nothing else: `time` (ISO, UTC), `level` (debug, info, warn, error), `message`, and facts that depend on what happened. `--log-level` is the least level. As text, for people, what is marked * is shown from `--log-level debug` on: the progress line stands for it.',
    table(
      ['what', 'level', 'facts'],
      [
        ['the stream begins *', 'info', '`version`, `topics`, `group`, `lake`, `members`'],
        ['the address of the metrics', 'info', '`address`'],
        ['a member is given partitions *', 'info', '`member`, `generation`, `partitions`'],
        [
          'a micro-batch landed *',
          'info',
          '`member`, `received`, `alerts`, `quarantined`, `duplicates`, `selected`, `bytes`, `seconds` (without waiting for packets), `stages`, and `parts`, each with `part`, `topic`, `partition`, `first` and `last` offset'
        ],
        ['a micro-batch was fenced *', 'info', '`member`, `parts`'],
        ['other input topics or partitions', 'info', '`member`, `topics`'],
        ['what a module or filter did wrong, or is left out', 'warn, error', '`member`'],
        ['a member died', 'error', '`member`, `cause`, `how`, `range`'],
        ['a member is started again *', 'info', '`member`, `pid`'],
        [
          'a range was worked on when its member died',
          'warn',
          '`source`, `first`, `last`, `deaths`'
        ],
        ['the stream failed', 'error', '`exitCode`, `stack` if it is a defect']
      ]
    )
  ])
}

const EXIT_CODES = [
  [
    '`run`',
    'all that the sources hold is in the lake, also if it was before; 130: stopped, and run again it goes on',
    'an archive broke off, a packet could be brought nowhere, nothing of what came could be decoded, there are no packet files, or the lake cannot be had'
  ],
  [
    '`stream`',
    'it was told to stop, or had nothing to do for `--until-idle`',
    'it failed, or Kafka had deleted messages before they were read (lost)'
  ],
  [
    '`verify`',
    'the lake is whole; what a note says is no difference, as a source that broke off',
    'there is a difference (a source that was begun and not finished is one, unless a run is at work on it), or the lake or Kafka cannot be had'
  ],
  [
    '`repair`',
    'the lake is whole now',
    'something is left that could not be mended, or nobody said yes'
  ],
  ['`requeue`', 'what decodes now was taken in', 'something of it failed, or nobody said yes'],
  [
    '`subscribe`',
    'all that was read was given away',
    'a message was passed over, a command failed, or alerts could not be given away: those count as not read'
  ],
  ['`backtest`', 'all files were read', 'a file is damaged, or it was stopped'],
  [
    '`replay`, `simulate`',
    'all was sent, or written; 130: stopped',
    'an archive broke off, or packets were left out'
  ],
  ['others', 'done', 'what was asked for failed']
]

/** The help of every command, as the command line prints it. */
export function cliPage(program: Command): string {
  return page('Command line', [
    NOTE,
    'Where a flag names an environment variable, that and the key of the same name in the file of `--config` set it too: flag before environment before file before default.',
    '## Exit codes',
    'Of every command 2 is wrong use: an unknown name or value, an option that is missing, a module or filter that cannot be loaded. A signal ends with 130 or with its own.',
    table(['command', '0', '1'], EXIT_CODES),
    ...commandsOf(program, program.name()).flatMap(([name, command]) => [
      `## ${name}`,
      `\`\`\`text\n${helpOf(command)}\n\`\`\``
    ])
  ])
}

function commandsOf(command: Command, name: string): [string, Command][] {
  const inner = command.commands.flatMap((own) => commandsOf(own, `${name} ${own.name()}`))
  return [[name, command], ...inner]
}

/** The help with its examples, at one width wherever it is printed. */
function helpOf(command: Command): string {
  let text = ''
  command.configureOutput({
    writeOut: (piece) => (text += piece),
    getOutHelpWidth: () => HELP_WIDTH,
    getOutHasColors: () => false
  })
  command.outputHelp()
  return text.trimEnd()
}
