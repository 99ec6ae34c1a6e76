import type { Command } from 'commander'
import { UsageError } from '../../engine/errors.ts'
import { fileOf } from './settings.ts'

/** What was given of a command's options. */
interface Given {
  /** On the command line itself: what only stands in the environment may be meant for other commands. */
  readonly flag: (name: string) => boolean
  /** Its value, from wherever it comes. */
  readonly value: (name: string) => unknown
  readonly has: (name: string) => boolean
}

/** Options that do nothing under a condition, and why. */
interface Rule {
  readonly idle: readonly string[]
  readonly when: (given: Given) => boolean
  readonly why: string
}

const KAFKA = ['kafkaUser', 'kafkaPassword', 'kafkaMechanism', 'kafkaCa', 'outPrefix']
const READING = ['from', 'follow', 'limit', 'fields', 'stamps', 'save', 'exec']
const PUBLISHING = ['topic', 'rate', 'like', 'partitions', 'replication', 'compression', 'registry']
const TOPICS = ['outPartitions', 'outReplication', 'outRetentionDays', 'outRegistry']
const REGISTRIES = ['schemas', 'registry', 'outRegistry']

/** Of every command that has the options. */
const EVERYWHERE: readonly Rule[] = [
  {
    idle: ['kafkaPassword', 'kafkaMechanism'],
    when: ({ has }) => !has('kafkaUser'),
    why: 'is for --kafka-user, which is not given'
  },
  {
    idle: ['registryUser', 'registryPassword'],
    when: ({ value }) => !REGISTRIES.some((name) => /^https?:/.test(textOf(value(name)))),
    why: 'is for a schema registry (http://…), and none is given'
  },
  {
    idle: ['finkPrefix'],
    when: ({ has }) => !has('finkCompat'),
    why: 'is for --fink-compat, which is not given'
  }
]

const WITHOUT_BROKERS = 'is for Kafka, and no --brokers are given'

const OF_COMMAND: Readonly<Record<string, readonly Rule[]>> = {
  subscribe: [
    {
      idle: [...READING, 'refreshSeconds', 'registry'],
      when: ({ has }) => has('lag'),
      why: 'does nothing with --lag, which says where the group is and reads no alert'
    },
    {
      idle: [...KAFKA, 'refreshSeconds', 'registry'],
      when: ({ flag, has }) => !has('brokers') || (flag('lake') && !flag('brokers')),
      why: 'is for topics in Kafka, and those of a lake are read: no --brokers are given'
    },
    {
      idle: ['fields'],
      when: (given) => !prints(given) && !savesColumns(given),
      why: 'is for what is printed or saved in columns: --exec and .avro have the whole alert'
    },
    {
      idle: ['stamps'],
      when: (given) => !given.has('json') && !given.has('exec') && !savesColumns(given),
      why: 'is for --json, --exec and --save: a table has no stamps, and .avro has them always'
    }
  ],
  stream: [
    {
      idle: ['metricsHost'],
      when: ({ has }) => !has('metricsPort'),
      why: 'is for --metrics-port, which is not given'
    }
  ],
  verify: [
    {
      idle: [...KAFKA, 'group', 'outRetentionDays', 'finkCompat', 'finkPrefix'],
      when: ({ has }) => !has('brokers'),
      why: WITHOUT_BROKERS
    },
    {
      idle: ['brokers'],
      when: ({ has }) => has('night') || has('since'),
      why: 'does nothing with --night or --since: only a whole lake is held against Kafka'
    }
  ],
  repair: [
    {
      idle: [...KAFKA, 'group', 'outRetentionDays', 'finkCompat', 'finkPrefix'],
      when: ({ has }) => !has('brokers'),
      why: WITHOUT_BROKERS
    },
    {
      idle: ['outPartitions', 'outReplication', 'outRegistry'],
      when: ({ has }) => !has('publish'),
      why: 'is for --publish, which is not given'
    }
  ],
  reprocess: [
    {
      idle: ['brokers', ...KAFKA, 'group', ...TOPICS],
      when: ({ has }) => !has('publish'),
      why: 'is for --publish, which is not given'
    }
  ],
  inspect: [
    {
      idle: ['columns'],
      when: ({ has }) => has('json'),
      why: 'does nothing with --json, which has every column of a Parquet file'
    }
  ],
  simulate: [
    {
      idle: ['schemasOut', 'brokers', ...KAFKA, ...PUBLISHING],
      when: ({ has }) => !has('to'),
      why: 'is for --to kafka, which is not given'
    },
    {
      idle: ['members'],
      when: ({ has }) => has('to'),
      why: 'does nothing with --to kafka: packets are sent as one thread makes them'
    },
    {
      idle: ['schemasOut', 'registry'],
      when: ({ value }) => value('survey') === 'ztf',
      why: 'is for packets of LSST: those of ZTF bring their schema'
    },
    {
      idle: ['schemasOut'],
      when: ({ has }) => has('registry'),
      why: 'does nothing with --registry, which the schemas go to'
    }
  ]
}

function prints({ has }: Given): boolean {
  return has('json') || (!has('save') && !has('exec'))
}

function savesColumns({ has, value }: Given): boolean {
  return has('save') && !textOf(value('save')).endsWith('.avro')
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** @throws UsageError for an option on the command line that does nothing beside the others, saying why. */
export function refuseIdle(command: Command): void {
  const given = givenOf(command)
  for (const { idle, when, why } of [...EVERYWHERE, ...(OF_COMMAND[command.name()] ?? [])]) {
    const option = command.options.find((one) => {
      return idle.includes(one.attributeName()) && given.flag(one.attributeName())
    })
    if (option && when(given)) throw new UsageError(`${option.long} ${why}`)
  }
}

function givenOf(command: Command): Given {
  const file = fileOf(command)
  const sourceOf = (name: string) => command.getOptionValueSource(name)
  const isDefault = (name: string) => (sourceOf(name) ?? 'default') === 'default'
  const value = (name: string): unknown =>
    isDefault(name) && name in file ? file[name] : command.getOptionValue(name)
  const has = (name: string) => (!isDefault(name) || name in file) && value(name) !== false
  return { flag: (name) => sourceOf(name) === 'cli', value, has }
}
