import { withoutPassword } from '../../engine/registry/http.ts'
import { flagsText, lakeFlags } from '../../engine/store/lake-flags.ts'
import type { Settings } from '../settings/settings.ts'
import { STREAM_SETTINGS } from '../settings/stream.ts'

/*
 * A command that is printed can be run as it is: it has the options that lead to the same lake, Kafka and registry. Passwords
 * are not shown; those of the environment are there next time too.
 */

const HIDDEN = '…'

/** A command over the same lake. */
export function overLake(command: string, { lake }: Pick<Settings, 'lake'>): string {
  return `${command} ${lakeFlags(lake)}`
}

/** How to reach the same Kafka. */
export function kafkaFlags(settings: Settings): string {
  const { brokers, kafkaUser, kafkaPassword, kafkaMechanism, kafkaCa } = settings
  const isShown = kafkaPassword !== null && process.env['SISKIN_KAFKA_PASSWORD'] === undefined
  const isUsual = kafkaMechanism === STREAM_SETTINGS.kafkaMechanism.fallback
  return flagsText([
    ['--brokers', brokers.join(',')],
    ['--kafka-user', kafkaUser],
    ['--kafka-password', isShown ? HIDDEN : null],
    ['--kafka-mechanism', kafkaUser === null || isUsual ? null : kafkaMechanism],
    ['--kafka-ca', kafkaCa]
  ])
}

/** What a stream's lake and topics are looked at with, beside `kafkaFlags`. */
export function streamFlags({ group, outPrefix, finkCompat, finkPrefix }: Settings): string {
  const { group: usual, outPrefix: prefix, finkPrefix: fink } = STREAM_SETTINGS
  return flagsText([
    ['--group', group === usual.fallback ? null : group],
    ['--out-prefix', outPrefix === prefix.fallback ? null : outPrefix],
    ['--fink-compat', finkCompat ? 'yes' : null],
    ['--fink-prefix', finkCompat && finkPrefix !== fink.fallback ? finkPrefix : null]
  ])
}

/** Where the same schemas are. */
export function schemaFlags(schemas: string | null): string {
  if (schemas === null) return ''
  const place = withoutPassword(schemas)
  const isEnvironment = process.env['SISKIN_REGISTRY_PASSWORD'] !== undefined
  const isSecret = place !== schemas && !isEnvironment
  const user = isSecret ? decodeURIComponent(new URL(schemas).username) : null
  return flagsText([
    ['--schemas', place],
    ['--registry-user', user],
    ['--registry-password', isSecret ? HIDDEN : null]
  ])
}
