import type { Admin } from '@platformatic/kafka'
import { randomBytes } from 'node:crypto'
import { SiskinError } from '../errors.ts'
import { OWN } from '../persist/ledger.ts'
import { openStore } from '../persist/open-store.ts'
import type { Store } from '../persist/store.ts'
import { explain, openAdmin } from './kafka.ts'
import type { KafkaAccess, StreamSettings } from './settings.ts'
import { expectTopics } from './topics.ts'

const MOST_MS = 12_000

/** Finds out before any member begins whether Kafka lets us in, has the topics, and the lake answers. */
export async function checkStream({ kafka, topics, lake }: StreamSettings): Promise<void> {
  await askInTime(kafka, (admin) => expectTopics(admin, topics))
  await checkLake(openStore(lake))
}

/** The lake lets us write. */
async function checkLake(store: Store): Promise<void> {
  const probe = `${OWN}/probe-${randomBytes(6).toString('hex')}`
  await store.write(probe, [])
  await store.remove(probe)
}

/** Asks Kafka before the work begins. @throws SiskinError that says what is wrong, within 15 s. */
export async function askInTime<T>(
  kafka: KafkaAccess,
  ask: (admin: Admin) => Promise<T>
): Promise<T> {
  const admin = openAdmin(kafka, 'siskin-check', 2)
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    const places = kafka.brokers.join(',')
    reject(new SiskinError(`Kafka at ${places} does not answer within ${MOST_MS / 1000} s`))
  }, MOST_MS)
  try {
    return await Promise.race([ask(admin), late])
  } catch (error) {
    throw explain(kafka, error)
  } finally {
    clearTimeout(timer)
    await admin.close().catch(() => {})
  }
}
