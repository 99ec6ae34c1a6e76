/** What each layer must not import and what it may, by ARCHITECTURE.md; a `*` stands for the name of a scratch file. */

const ABOVE = [
  '../../science-modules/rate/module.ts',
  '../../science-modules/registry.ts',
  '../../filters/blocks.ts',
  '../../filters/registry.ts',
  '../../jobs/run/run.ts',
  '../../simulator/index.ts',
  '../../simulator/sky/sky.ts',
  '../../test/support/columns.ts',
  '#test'
]

const STAGES = ['consume', 'decode', 'enrich', 'lake', 'publish']
const DRIVERS = [
  '../duplicates/marks.ts',
  '../verify/verify.ts',
  '../kafka/client.ts',
  '../pipeline.ts',
  '../account.ts',
  '../run/run.ts',
  '../stream/index.ts',
  '../replay/replay.ts',
  '../reconcile/reconcile.ts',
  '../subscribe/subscribe.ts',
  '../repair/repair.ts',
  '../inspect/lake.ts',
  '../truth/truth.ts'
]

const UPPER = ['run', 'stream', 'replay', 'subscribe', 'duplicates', 'inspect', 'truth', 'verify']

const OUTSIDE = [
  'node:fs',
  'node:process',
  'fs',
  'avsc',
  'apache-arrow',
  '#test',
  'vitest',
  '../../engine/contract/index.ts',
  '../../engine/table/table.ts',
  '../../jobs/run/run.ts',
  '../../simulator/index.ts'
]

interface Layer {
  /** The glob of its rule in `.oxlintrc.json`. */
  readonly rule: string
  readonly layer: string
  readonly refused: readonly string[]
  readonly allowed: readonly string[]
  readonly message: RegExp
}

export const IMPORTS: readonly Layer[] = [
  {
    rule: 'engine/contract/**',
    layer: 'engine/contract/*.ts',
    refused: ['node:fs', 'avsc', '#contract', '../errors.ts', '../table/table.ts', ...ABOVE],
    allowed: ['./unit.ts'],
    message: /The contract depends on nothing/
  },
  {
    rule: 'engine/surveys/**',
    layer: 'engine/surveys/*.ts',
    refused: ['node:fs', 'avsc', '../errors.ts', '../table/table.ts', '../decode/ztf.ts', ...ABOVE],
    allowed: ['./fields.ts', '../contract/index.ts'],
    message: /The field tables stand on/
  },
  {
    rule: 'engine/table/**',
    layer: 'engine/table/*.ts',
    refused: ['../errors.ts', '../decode/ztf.ts', '../store/store.ts', ...DRIVERS, ...ABOVE],
    allowed: ['./sky.ts', '../contract/index.ts', '../surveys/fields.ts', 'apache-arrow'],
    message: /The alert table stands on/
  },
  {
    rule: 'engine/metrics/**',
    layer: 'engine/metrics/*.ts',
    refused: ['avsc', '../table/table.ts', '../stream/index.ts', ...ABOVE],
    allowed: ['./family.ts', 'node:http', '../errors.ts'],
    message: /Metrics depend on nothing/
  },
  ...STAGES.map((stage) => ({
    rule: 'engine/{consume,decode,enrich,lake,publish}/**',
    layer: `engine/${stage}/*.ts`,
    refused: [
      ...STAGES.filter((other) => other !== stage).map((other) => `../${other}/x.ts`),
      ...DRIVERS,
      ...ABOVE
    ],
    allowed: ['./x.ts', '../table/table.ts', '../contract/index.ts', '../packets.ts', 'node:fs'],
    message: /Stages do not import each other/
  })),
  ...['store', 'kafka'].map((folder) => ({
    rule: 'engine/{store,kafka}/**',
    layer: `engine/${folder}/*.ts`,
    refused: ['../lake/ledger.ts', '../table/table.ts', ...DRIVERS, ...ABOVE],
    allowed: ['./x.ts', '../errors.ts', '../authority.ts', 'node:fs', '@platformatic/kafka'],
    message: /What a store and what Kafka is/
  })),
  {
    rule: 'engine/avro/**',
    layer: 'engine/avro/*.ts',
    refused: ['../errors.ts', '../decode/ztf.ts', '../lake/part.ts', ...DRIVERS, ...ABOVE],
    allowed: ['./x.ts', '../table/columns.ts', '../packets.ts', '../reasons.ts', 'avsc'],
    message: /Avro stands on/
  },
  ...['repair', 'reconcile'].map((folder) => ({
    rule: 'engine/{repair,reconcile}/**',
    layer: `engine/${folder}/*.ts`,
    refused: ['../subscribe/subscribe.ts', '../replay/replay.ts', '../truth/truth.ts', ...ABOVE],
    allowed: ['./x.ts', '../store/store.ts', '../stream/index.ts', '../pipeline.ts'],
    message: /Proof and repair stand on/
  })),
  ...UPPER.map((folder) => ({
    rule: 'engine/**',
    layer: `engine/${folder}/*.ts`,
    refused: ABOVE,
    allowed: ['../store/store.ts', '../contract/index.ts', 'avsc'],
    message: /The engine knows no module/
  })),
  {
    rule: 'engine/**',
    layer: 'engine/*.ts',
    refused: ABOVE.map((from) => from.replace('../../', '../')),
    allowed: ['./store/store.ts', './contract/index.ts'],
    message: /The engine knows no module/
  },
  {
    rule: 'science-modules/*/**',
    layer: 'science-modules/mine/*.ts',
    refused: [...OUTSIDE, '../rate/module.ts', '../registry.ts', '../../filters/blocks.ts'],
    allowed: ['#contract', './outputs.ts'],
    message: /A science module imports/
  },
  {
    rule: 'science-modules/*/**/*.test.ts',
    layer: 'science-modules/mine/*.test.ts',
    refused: ['../../engine/table/table.ts', '../../jobs/run/run.ts', '../rate/module.ts', 'avsc'],
    allowed: ['#contract', '#test', 'vitest', './module.ts', 'node:fs'],
    message: /A science module imports/
  },
  {
    rule: 'filters/*/**',
    layer: 'filters/mine/*.ts',
    refused: [...OUTSIDE, '../fast_riser/filter.ts', '../../science-modules/rate/module.ts'],
    allowed: ['#contract', './rule.ts', '../blocks.ts'],
    message: /A filter imports/
  },
  {
    rule: 'filters/*/**/*.test.ts',
    layer: 'filters/mine/*.test.ts',
    refused: [
      '../../engine/table/table.ts',
      '../../jobs/run/run.ts',
      '../fast_riser/filter.ts',
      'avsc'
    ],
    allowed: ['#contract', '#test', 'vitest', './filter.ts', 'node:fs', '../blocks.ts'],
    message: /A filter imports/
  },
  {
    rule: 'simulator/**',
    layer: 'simulator/sky/*.ts',
    refused: [
      ...[...STAGES, 'run', 'stream', 'subscribe', 'inspect'].map(
        (folder) => `../../engine/${folder}/x.ts`
      ),
      '../../engine/pipeline.ts',
      ...ABOVE.filter((from) => !from.includes('simulator'))
    ],
    allowed: [
      './random.ts',
      '../night/truth.ts',
      '../../engine/contract/index.ts',
      '../../engine/table/time.ts',
      '../../engine/surveys/fields.ts',
      '../../engine/errors.ts',
      'node:fs',
      'apache-arrow'
    ],
    message: /The simulator knows/
  }
]

/** Expressions that a module or a filter must not contain. */
export const IMPURE: readonly string[] = [
  'fetch("http://example.org")',
  'new XMLHttpRequest()',
  'new WebSocket("ws://example.org")',
  'new Worker("./x.js")',
  'process.env',
  'process["hrtime"]()',
  'require("node:fs")',
  'Date.now()',
  'new Date()',
  'new Intl.DateTimeFormat()',
  'performance.now()',
  'crypto.randomUUID()',
  'Math.random()',
  'Math["random"]()',
  '(() => { const { random } = Math; return random() })()',
  'setTimeout(() => 1, 1)',
  'setInterval(() => 1, 1)',
  'setImmediate(() => 1)',
  'queueMicrotask(() => 1)',
  'AbortSignal.timeout(1)',
  'globalThis.fetch("http://example.org")',
  'globalThis["process"]',
  'global.process',
  'navigator.hardwareConcurrency',
  'eval("1")',
  'new Function("return 1")'
]

/** Two files that need each other. */
export const CIRCLE: readonly string[] = [
  `import { one } from './circle-1.ts'\nexport const zero = () => one\n`,
  `import { zero } from './circle-0.ts'\nexport const one = () => zero\n`
]
