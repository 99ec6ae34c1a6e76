import { InvalidArgumentError } from 'commander'
import type { From } from '../../engine/kafka/settings.ts'
import { OBSERVE_SETTINGS } from './observe.ts'
import { list, oneOf, wholeNumber, yesNo } from './values.ts'
import type { Setting } from './values.ts'

/** What the commands around Kafka can be told. */
export const STREAM_SETTINGS = {
  brokers: {
    key: 'brokers',
    flag: '--brokers <addresses>',
    about: 'Kafka brokers (host:port,host:port)',
    unset: [],
    parse: brokers
  },
  kafkaUser: { key: 'kafkaUser', flag: '--kafka-user <name>', about: 'user at Kafka (SASL)' },
  kafkaPassword: {
    key: 'kafkaPassword',
    flag: '--kafka-password <text>',
    about: 'its password; better in SISKIN_KAFKA_PASSWORD, where no process list shows it'
  },
  kafkaMechanism: {
    key: 'kafkaMechanism',
    flag: '--kafka-mechanism <name>',
    about: 'PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512',
    fallback: 'SCRAM-SHA-512',
    parse: oneOf('PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512')
  },
  kafkaCa: {
    key: 'kafkaCa',
    flag: '--kafka-ca <file>',
    about: 'use TLS, with this authority’s certificate (PEM); "system": the system’s authorities'
  },
  topics: {
    key: 'topics',
    flag: '--topics <names>',
    about: 'input topics (a,b), or patterns between slashes (/^ztf_\\d+_programid1$/)',
    unset: [],
    parse: list
  },
  group: {
    key: 'group',
    flag: '--group <name>',
    about: 'consumer group: members of one group share the work',
    fallback: 'siskin'
  },
  from: {
    key: 'from',
    flag: '--from <place>',
    about:
      'where to begin what the group has no position of: earliest, latest (what comes into being later begins at its beginning) or a time (ISO)',
    fallback: 'earliest',
    parse: from
  },
  triggerSeconds: {
    key: 'triggerSeconds',
    flag: '--trigger-seconds <n>',
    about: 'a micro-batch waits so long for more',
    fallback: 5,
    parse: wholeNumber(1, 300)
  },
  triggerRows: {
    key: 'triggerRows',
    flag: '--trigger-rows <n>',
    about: 'most messages of a micro-batch',
    fallback: 1000,
    parse: wholeNumber(1, 100_000)
  },
  triggerMegabytes: {
    key: 'triggerMegabytes',
    flag: '--trigger-megabytes <n>',
    about: 'most bytes of a micro-batch, in MiB',
    fallback: 32,
    parse: wholeNumber(1, 1024)
  },
  outPrefix: {
    key: 'outPrefix',
    flag: '--out-prefix <text>',
    about: 'goes before the names of the topics for subscribers',
    fallback: 'siskin-'
  },
  outPartitions: {
    key: 'outPartitions',
    flag: '--out-partitions <n>',
    about: 'partitions of topics that are made',
    fallback: 4,
    parse: wholeNumber(1, 1000)
  },
  outReplication: {
    key: 'outReplication',
    flag: '--out-replication <n>',
    about: 'replicas of topics that are made',
    fallback: 1,
    parse: wholeNumber(1, 10)
  },
  outRetentionDays: {
    key: 'outRetentionDays',
    flag: '--out-retention-days <n>',
    about: 'days that topics that are made keep messages',
    fallback: 7,
    parse: wholeNumber(1, 3660)
  },
  outRegistry: {
    key: 'outRegistry',
    flag: '--out-registry <address>',
    about: 'schema registry for the topics (http://…); the topic <prefix>schemas has the schema too'
  },
  finkCompat: {
    key: 'finkCompat',
    flag: '--fink-compat [yes]',
    about: 'publish every topic also in the form that the fink-client package reads',
    preset: 'yes',
    fallback: false,
    parse: yesNo
  },
  finkPrefix: {
    key: 'finkPrefix',
    flag: '--fink-prefix <text>',
    about: 'goes before the names of those: fink_<filter>_<survey>',
    fallback: 'fink_'
  },
  untilIdle: {
    key: 'untilIdle',
    flag: '--until-idle <seconds>',
    about: 'stop when nothing came for so long',
    parse: wholeNumber(1, 86_400)
  },
  takeOver: {
    key: 'takeOver',
    flag: '--take-over [yes]',
    about:
      'go on with what another group or lake has: input topics of this lake, of the same Kafka; topics for subscribers',
    preset: 'yes',
    fallback: false,
    parse: yesNo
  },
  sessionSeconds: {
    key: 'sessionSeconds',
    flag: '--session-seconds <n>',
    about: 'a member that is silent for so long loses its partitions',
    fallback: 30,
    parse: wholeNumber(6, 1800)
  },
  refreshSeconds: {
    key: 'refreshSeconds',
    flag: '--refresh-seconds <n>',
    about: 'how often new topics and partitions are looked for',
    fallback: 30,
    parse: wholeNumber(1, 3600)
  },
  progressSeconds: {
    key: 'progressSeconds',
    flag: '--progress-seconds <n>',
    about:
      'a member that takes nothing in for so long, while there is something, is replaced; one with a part in work after a quarter of an hour at the earliest',
    fallback: 300,
    parse: wholeNumber(5, 86_400)
  },
  ...OBSERVE_SETTINGS
} satisfies Record<string, Setting>

function brokers(text: string): string[] {
  return list(text).map((address) => {
    const port = /^(?:[^\s:]+|\[[^\]]+\]):(\d{1,5})$/.exec(address)?.[1]
    if (port === undefined || Number(port) < 1 || Number(port) > 65_535) {
      throw new InvalidArgumentError(`"${address}" is no host:port (port 1 to 65535).`)
    }
    return address
  })
}

function from(text: string): From {
  if (text === 'committed') return 'earliest'
  if (text === 'earliest' || text === 'latest') return text
  const time = Date.parse(text)
  if (Number.isNaN(time)) {
    throw new InvalidArgumentError(`"${text}" is neither earliest, latest nor a time (ISO).`)
  }
  return time
}
