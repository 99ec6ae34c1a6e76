import type { Admin } from '@platformatic/kafka'
import { randomBytes } from 'node:crypto'
import type { Plan } from '../enrich/plan.ts'
import { catchUpIndex } from '../duplicates/catch-up.ts'
import { SiskinError, UsageError } from '../errors.ts'
import { OWN } from '../lake/ledger.ts'
import { openResources } from '../resources/resources.ts'
import { openStore } from '../store/open-store.ts'
import { lakeIdentity } from '../lake/owners.ts'
import type { Store } from '../store/store.ts'
import { explain, openAdmin } from '../kafka/client.ts'
import type { StreamSettings } from './common/settings.ts'
import type { KafkaAccess } from '../kafka/settings.ts'
import { FinkClaims } from './claims/claim-fink.ts'
import { claimOutput } from './claims/claim-output.ts'
import { claimInput } from './claims/claim-input.ts'
import { expectTopics, findTopics, outputTopics, ownTopics } from './common/topics.ts'

const MOST_MS = 12_000

/**
 * Finds out before any member begins whether Kafka lets us in, has the topics, the lake answers, and
 * nobody else fills the lake from these topics or publishes to ours; and brings the index of copies up to date.
 * @throws UsageError that names who does, or what a module asks for and is damaged.
 */
export async function checkStream(
  settings: StreamSettings,
  plan: Plan,
  warn: (message: string) => void
): Promise<void> {
  const { kafka, topics, lake, group, catalogues = null } = settings
  await openResources(plan, { catalogues, warn })
  await askInTime(kafka, (admin) => expectTopics(admin, topics))
  const store = openStore(lake)
  await checkLake(store)
  const identity = await lakeIdentity(store)
  await askInTime(kafka, async (admin) => {
    const found = await findTopics(admin, topics, ownTopics(settings, plan))
    const { refused } = await claimInput(admin, store, settings, [...found.topics.keys()])
    for (const refusal of refused.values()) throw new UsageError(refusal)
    const me = { group, ...identity }
    await claimOutput(admin, kafka, me, outputTopics(settings, plan).own, settings)
    await new FinkClaims(admin, me, settings, plan).begin()
  })
  await catchUpIndex(store, [], warn)
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
