import type { Admin, BaseOptions } from '@platformatic/kafka'
import { readAuthority } from '../authority.ts'
import { messageOf, SiskinError } from '../errors.ts'
import { LenientAdmin } from './clients.ts'
import { isKafkaError, refusalOf } from './refusals.ts'
import type { KafkaAccess } from './settings.ts'

/**
 * After a commit the coordinator answers "concurrent transactions" for some milliseconds: it is asked
 * again soon at first, then ever more slowly, for about ten seconds in all.
 */
const RETRIES = 60
const retryDelay = (_client: object, _operation: string, attempt: number) =>
  attempt < 20 ? 10 : 250

/**
 * How long a transaction may be open before the broker aborts it: enough for the largest micro-batch on a slow
 * cluster, and no longer than subscribers can bear who wait behind one whose member died with its machine.
 */
export const TRANSACTION_MS = 60_000

/** What every client of ours is made with. @throws OutageError while the authority's file cannot be read. */
export function clientOptions(access: KafkaAccess, clientId: string): BaseOptions {
  const { brokers, user, password, mechanism, tls, ca } = access
  return {
    clientId,
    bootstrapBrokers: [...brokers],
    retries: RETRIES,
    retryDelay,
    connectTimeout: 5000,
    timeout: 10_000,
    requestTimeout: 30_000,
    ...(user !== null && { sasl: { mechanism, username: user, password: password ?? '' } }),
    ...((tls || ca !== null) && { tls: ca === null ? {} : { ca: readAuthority(ca) } })
  }
}

/**
 * A client for questions; a topic or a coordinator that is just being made takes a moment to answer. A topic that is offline
 * is not waited for as long: who asks for many is told of it (`topic-list.ts`).
 */
export function openAdmin(access: KafkaAccess, clientId: string, retries = 20): Admin {
  const pause = (...[, , , , error]: unknown[]) =>
    isKafkaError(error, 'LEADER_NOT_AVAILABLE') ? 100 : 300
  return new LenientAdmin({ ...clientOptions(access, clientId), retries, retryDelay: pause })
}

/** The generation is over: the partitions are another member's, what was fetched is not ours to commit. */
export function isFenced(error: unknown): boolean {
  return isKafkaError(
    error,
    'ILLEGAL_GENERATION',
    'UNKNOWN_MEMBER_ID',
    'REBALANCE_IN_PROGRESS',
    'FENCED_INSTANCE_ID',
    'FENCED_MEMBER_EPOCH',
    'STALE_MEMBER_EPOCH'
  )
}

/** What a person can do about an error of Kafka's. */
export function explain(access: KafkaAccess, error: unknown): SiskinError {
  if (error instanceof SiskinError) return error
  if (!String(Reflect.get(Object(error), 'code')).startsWith('PLT_KFK')) {
    const stack = error instanceof Error ? error.stack : undefined
    return new SiskinError(stack ?? messageOf(error), 1, { cause: error }) // a defect of ours
  }
  const brokers = access.brokers.join(',')
  const all = innermost(error)
  const text = all.map(({ message }) => message).join(' ')
  const has = (code: string) => all.some((inner) => Reflect.get(inner, 'code') === code)
  const options = { cause: error }
  const refusal = refusalOf(error)
  if (refusal) {
    return new SiskinError(`Kafka at ${brokers} ${refusal.text} (${refusal.id})`, 1, options)
  }
  if (has('PLT_KFK_AUTHENTICATION') || /SASL/i.test(text)) {
    const user = access.user ?? 'nobody'
    return new SiskinError(
      `Kafka at ${brokers} does not let ${user} in: check the user, the password and --kafka-mechanism (${access.mechanism})`,
      1,
      options
    )
  }
  if (has('ECONNREFUSED') || has('ENOTFOUND') || has('PLT_KFK_NETWORK') || has('PLT_KFK_TIMEOUT')) {
    return new SiskinError(
      `Kafka at ${brokers} does not answer (${all.at(-1)?.message}): is it running, is --brokers right, does it want TLS?`,
      1,
      options
    )
  }
  return new SiskinError(`Kafka at ${brokers}: ${all.at(-1)?.message ?? text}`, 1, options)
}

/** An error with all it was caused by and made of, the innermost last. */
function innermost(error: unknown): Error[] {
  if (!(error instanceof Error)) return []
  const inner = error instanceof AggregateError ? (error.errors as unknown[]) : []
  return [error, ...inner.flatMap(innermost), ...innermost(error.cause)]
}
