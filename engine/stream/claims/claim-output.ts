import type { Admin } from '@platformatic/kafka'
import { UsageError } from '../../errors.ts'
import type { LakeIdentity } from '../../lake/owners.ts'
import { CommittedReader } from '../../kafka/committed-reader.ts'
import { clientOptions } from '../../kafka/client.ts'
import { isKafkaError } from '../../kafka/refusals.ts'
import type { StreamSettings } from '../common/settings.ts'
import type { KafkaAccess } from '../../kafka/settings.ts'
import { createCompacted } from '../../kafka/topics.ts'
import { OWNERS_TOPIC } from '../common/topics.ts'
import { TransactionalProducer } from '../../kafka/clients.ts'

/** A stream: one consumer group that fills one lake. */
export interface StreamIdentity extends LakeIdentity {
  readonly group: string
}

interface Entry extends StreamIdentity {
  readonly since: string
}

const CLIENT = 'siskin-owners'
const NO_PRODUCER = { producerId: -1n, producerEpoch: -1 }
/** Kafka 4.3 has this, and no better word, for who ends a transaction at the moment in which it is fenced. */
const UNSURE = 'UNKNOWN_SERVER_ERROR'
const MOST_UNSURE = 10

/**
 * Enters this stream as the one that publishes to its topics, and its lake as the one that its group
 * fills. All who do so take the same transactional id, so that of two at once one is fenced, looks again and finds
 * the other.
 * @throws UsageError that names who has a topic, or which lake the group fills.
 */
export async function claimOutput(
  admin: Admin,
  access: KafkaAccess,
  me: StreamIdentity,
  topics: readonly string[],
  { takeOver, output }: Pick<StreamSettings, 'takeOver' | 'output'>
): Promise<void> {
  const keys = [`group ${me.group}`, ...topics.map((topic) => `topic ${topic}`)]
  const missing = async () => {
    const known = await readOwners(access)
    return keys.filter((key) => !isMine(key, known.get(key), me, takeOver))
  }
  await createCompacted(admin, OWNERS_TOPIC, output.replication)
  for (let unsure = 0; ;) {
    if ((await missing()).length === 0) return
    try {
      await enter(access, me, missing)
      return
    } catch (error) {
      if (isKafkaError(error, 'PRODUCER_FENCED', 'INVALID_PRODUCER_EPOCH')) continue
      if (!isKafkaError(error, UNSURE) || ++unsure > MOST_UNSURE) throw error
    }
  }
}

/** Of each set of topics what `claimOutput` would refuse it with; null where it would not. */
export async function refusalsOf(
  access: KafkaAccess,
  me: StreamIdentity,
  sets: readonly (readonly string[])[],
  takeOver: boolean
): Promise<(UsageError | null)[]> {
  const known = await readOwners(access)
  return sets.map((topics) => {
    try {
      for (const topic of topics)
        isMine(`topic ${topic}`, known.get(`topic ${topic}`), me, takeOver)
      return null
    } catch (error) {
      if (error instanceof UsageError) return error
      throw error
    }
  })
}

async function enter(
  access: KafkaAccess,
  me: StreamIdentity,
  missing: () => Promise<string[]>
): Promise<void> {
  const options = { ...clientOptions(access, CLIENT), transactionalId: CLIENT, idempotent: true }
  const producer = new TransactionalProducer({ ...options, timeout: 30_000 })
  try {
    const transaction = await producer.beginTransaction(NO_PRODUCER)
    const keys = await missing() // nobody else can commit since the transaction began
    const entry: Entry = { ...me, since: new Date().toISOString() }
    const value = Buffer.from(JSON.stringify(entry))
    const messages = keys.map((key) => ({ topic: OWNERS_TOPIC, key: Buffer.from(key), value }))
    if (messages.length === 0) return await transaction.cancel()
    await transaction.send({ messages })
    await transaction.commit()
  } finally {
    await producer.close(true)
  }
}

async function readOwners(access: KafkaAccess): Promise<Map<string, Entry>> {
  const reader = new CommittedReader(access, CLIENT, [OWNERS_TOPIC])
  const owners = new Map<string, Entry>()
  try {
    const spans = await reader.spans([OWNERS_TOPIC])
    const places = spans.map(({ topic, partition, first, stableEnd }) => {
      return { topic, partition, offset: first, end: stableEnd }
    })
    for await (const { messages } of reader.read(places)) {
      for (const { key, value } of messages) {
        if (key && value) owners.set(key.toString(), JSON.parse(value.toString()) as Entry)
      }
    }
    return owners
  } finally {
    await reader.close()
  }
}

/** False where it is to be entered. @throws UsageError where it is another's. */
function isMine(
  key: string,
  owner: Entry | undefined,
  me: StreamIdentity,
  takeOver: boolean
): boolean {
  if (!owner) return false
  const isSame = owner.group === me.group && owner.id === me.id
  const isKnown = owner.number === me.number && owner.place === me.place
  if (isSame && isKnown) return true
  if (takeOver) return false
  if (isSame && !isElsewhere(owner, me)) return false // it was moved: it is entered where it is now
  if (isSame) throw new UsageError(copyText(owner, me))
  const other = `group ${owner.group} (lake ${owner.lake}) since ${owner.since}`
  if (key.startsWith('topic ')) {
    throw new UsageError(
      `the ${key} is published by ${other}: two streams would double it; choose another --out-prefix (and --fink-prefix), or --take-over once the other has ended`
    )
  }
  throw new UsageError(
    `group ${me.group} fills the lake ${owner.lake} since ${owner.since}: its packets would be divided between two lakes; choose another --group, or --take-over if that lake is given up`
  )
}

/** Neither the file that holds the id nor its place is what it was. Where nothing is known, nothing is said. */
function isElsewhere(owner: Entry, me: StreamIdentity): boolean {
  if (owner.number === undefined || me.number === undefined) return false
  return owner.number !== me.number && owner.place !== me.place
}

function copyText(owner: Entry, { lake, group }: StreamIdentity): string {
  return (
    `the lake ${lake} has the id of the lake that group ${group} fills since ${owner.since} (${owner.place}), and is not the same folder: it is a copy, or was moved to another disk. ` +
    `If it was moved, and nobody writes to the other any more, say siskin stream --take-over once; ` +
    `a copy that is to be a lake of its own needs another --group and --out-prefix, and its file _siskin/lake.json removed`
  )
}
