import { SiskinError } from '../errors.ts'
import { openStore } from '../persist/open-store.ts'
import { explain, openAdmin } from './kafka.ts'
import type { StreamSettings } from './settings.ts'
import { findTopics } from './topics.ts'

const MOST_MS = 12_000

/** Finds out before any member begins whether Kafka lets us in, has the topics, and the lake answers. */
export async function checkStream({ kafka, topics, lake }: StreamSettings): Promise<void> {
  const admin = openAdmin(kafka, 'siskin-check', 2)
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    const places = kafka.brokers.join(',')
    reject(new SiskinError(`Kafka at ${places} does not answer within ${MOST_MS / 1000} s`))
  }, MOST_MS)
  try {
    await Promise.race([findTopics(admin, topics), late])
    await Promise.race([openStore(lake).list('_siskin/deaths'), late])
  } catch (error) {
    throw explain(kafka, error)
  } finally {
    clearTimeout(timer)
    await admin.close().catch(() => {})
  }
}
