import { oneOf, positive, wholeNumber } from './values.ts'
import type { Setting } from './values.ts'

/** What the commands that publish packets to Kafka can be told. */
export const REPLAY_SETTINGS = {
  topic: {
    key: 'topic',
    flag: '--topic <name>',
    about:
      'where packets go (default: as the survey names it, ztf_20260110_programid1, lsst-alerts-v10)'
  },
  rate: {
    key: 'rate',
    flag: '--rate <n>',
    about: 'packets a second (default: as fast as Kafka takes them)',
    parse: positive
  },
  like: {
    key: 'like',
    flag: '--like <survey>',
    about:
      'in visits: ztf (100 to 500 alerts every 40 s) or lsst (10,000 every 39 s, now and then 40,000)',
    parse: oneOf('ztf', 'lsst')
  },
  partitions: {
    key: 'partitions',
    flag: '--partitions <n>',
    about: 'partitions of a topic that is made',
    fallback: 16,
    parse: wholeNumber(1, 1000)
  },
  replication: {
    key: 'replication',
    flag: '--replication <n>',
    about: 'replicas of a topic that is made',
    fallback: 1,
    parse: wholeNumber(1, 10)
  },
  compression: {
    key: 'compression',
    flag: '--compression <name>',
    about: 'none, gzip, snappy, lz4 or zstd (default: ztf none, lsst snappy)',
    parse: oneOf('none', 'gzip', 'snappy', 'lz4', 'zstd')
  },
  registry: {
    key: 'registry',
    flag: '--registry <address>',
    about: 'register the writer schemas of LSST packets there (http://…)'
  }
} satisfies Record<string, Setting>

/** The names of all that such a command takes besides. */
export const REPLAY_NAMES = [
  'brokers',
  'kafkaUser',
  'kafkaPassword',
  'kafkaMechanism',
  'kafkaCa',
  'topic',
  'rate',
  'like',
  'partitions',
  'replication',
  'compression',
  'registry'
] as const
