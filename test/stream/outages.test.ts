import { setTimeout as delay } from 'node:timers/promises'
import { beforeAll, expect, test } from 'vitest'
import type { TestContext } from 'vitest'
import { startHdfs, startKafka } from '../cluster/cluster.ts'
import { sharedKafka } from '../cluster/shared.ts'
import type { SharedKafka } from '../cluster/shared.ts'
import { SYNTHETIC_ID, syntheticLsst, syntheticSchemas } from '../support/packets.ts'
import { FakeRegistry } from '../support/registry.ts'
import { temporaryFolder } from '../support/siskin.ts'
import {
  describeKafka,
  makeTopic,
  newName,
  nightOfPackets,
  send,
  start,
  takenIn,
  until
} from './support.ts'
import { verdictOf } from './support.ts'

/** For how long it is away what a stream stands on. Its short absences are tried in every run, by other tests. */
const MINUTES = Number(process.env['OUTAGE_MINUTES'] ?? 0)
/** What is back may be noticed this much later; a member waits no longer between two tries. */
const PATIENCE_MS = 180_000
const timeout = (MINUTES + 15) * 60_000

const reason = MINUTES > 0 ? null : 'which takes an hour: npm run test:outages'

interface Trial {
  readonly name: string
  readonly kafka: SharedKafka
  readonly root: string
  readonly packets: readonly Uint8Array[]
  readonly more?: readonly string[]
  /** Takes it away; what is returned brings it back. */
  readonly takeAway: () => Promise<() => Promise<void>>
  /** Packets can be sent while it is away. */
  readonly sendsMeanwhile: boolean
}

/** Streams half of the packets, then the other half over an outage; all is there in the end, once. */
async function streamOver(trial: Trial, { onTestFinished }: TestContext): Promise<void> {
  const { name, kafka, root, packets, more = [] } = trial
  const feed = { topic: newName(name), partitions: 2 }
  const lake = `${root}/${feed.topic}`
  const half = Math.floor(packets.length / 2)
  await makeTopic(kafka, feed)
  const running = start({ kafka, lake, topics: feed.topic, group: feed.topic, more })
  onTestFinished(() => void running.child.kill('SIGKILL'))
  await send(kafka, feed, packets.slice(0, half))
  await until(async () => (await takenIn(lake)) === half, 'the first half')

  const bringBack = await trial.takeAway()
  if (trial.sendsMeanwhile) await send(kafka, feed, packets.slice(half))
  await delay(MINUTES * 60_000)
  expect(running.child.exitCode, running.log()).toBeNull()
  await bringBack()
  const back = performance.now()
  if (!trial.sendsMeanwhile) await send(kafka, feed, packets.slice(half))
  await until(async () => (await takenIn(lake)) === packets.length, 'the second half')
  const seconds = Math.round((performance.now() - back) / 1000)
  console.log(`${name}: away for ${MINUTES} min, all landed ${seconds} s after it was back`)
  expect(seconds * 1000).toBeLessThan(PATIENCE_MS)

  running.child.kill('SIGTERM')
  expect(await running.ended).toBe(0)
  expect(await verdictOf(lake)).toMatchObject({ ok: true, received: packets.length, copies: 0 })
}

function outages(): void {
  const folder = temporaryFolder()
  let shared: SharedKafka
  let packets: Buffer[]

  beforeAll(async () => {
    shared = await sharedKafka()
    packets = (await nightOfPackets(folder)).slice(0, 400)
  })

  test.concurrent('Kafka', { timeout }, async (context) => {
    const kafka = await startKafka()
    context.onTestFinished(() => kafka.stop())
    const [broker] = kafka.daemons
    await streamOver(
      {
        name: 'no-kafka',
        kafka,
        root: folder,
        packets,
        sendsMeanwhile: false,
        takeAway: async () => {
          await broker!.kill()
          return () => broker!.start()
        }
      },
      context
    )
  })

  test.concurrent('HDFS', { timeout }, async (context) => {
    const hdfs = await startHdfs()
    context.onTestFinished(() => hdfs.stop())
    const [nameNode] = hdfs.nameNodes
    await streamOver(
      {
        name: 'no-hdfs',
        kafka: shared,
        root: hdfs.root,
        packets,
        sendsMeanwhile: true,
        takeAway: async () => {
          await nameNode!.kill()
          return () => nameNode!.start()
        }
      },
      context
    )
  })

  test.concurrent(
    'the registry, when a schema comes that nobody knows',
    { timeout },
    async (context) => {
      const registry = new FakeRegistry()
      for (const [id, schema] of syntheticSchemas()) {
        registry.schemas.set(id, Buffer.from(schema).toString())
        registry.schemas.set(id + 1, Buffer.from(schema).toString())
      }
      await registry.start()
      context.onTestFinished(() => registry.stop())
      const known = syntheticLsst(100).map(({ bytes }) => Buffer.from(bytes))
      const later = syntheticLsst(200).slice(100)
      const unknown = later.map(({ bytes }) => withId(bytes, SYNTHETIC_ID + 1))
      await streamOver(
        {
          name: 'no-registry',
          kafka: shared,
          root: folder,
          packets: [...known, ...unknown],
          more: ['--schemas', registry.address],
          sendsMeanwhile: true,
          takeAway: async () => {
            await registry.stop()
            return () => registry.start()
          }
        },
        context
      )
    }
  )
}

describeKafka('what a stream stands on is away for long', outages, reason)

/** The same packet, written with the schema of another id. */
function withId(packet: Uint8Array, id: number): Buffer {
  const bytes = Buffer.from(packet)
  bytes.writeUInt32BE(id, 1)
  return bytes
}
