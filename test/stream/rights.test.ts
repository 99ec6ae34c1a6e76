import { join } from 'node:path'
import { Admin } from '@platformatic/kafka'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startKafka } from '../cluster/cluster.ts'
import type { Kafka } from '../cluster/cluster.ts'
import { temporaryFolder } from '../support/siskin.ts'
import {
  describeKafka,
  drain,
  makeTopic,
  newName,
  nightOfPackets,
  receivedIn,
  send,
  start,
  until,
  verdictOf
} from './support.ts'

const TYPES = { topic: 2, group: 3, id: 5 }
const PATTERNS = { exactly: 3, all: 4 }
const MAY = { READ: 3, WRITE: 4, CREATE: 5, DESCRIBE: 8, DESCRIBE_CONFIGS: 10 }
const ALLOW = 3

/** `topic all out-: READ WRITE`. */
type Right = `${keyof typeof TYPES} ${keyof typeof PATTERNS} ${string}: ${string}`

/** All that the error and the runbook say that a stream needs. */
const rightsOf = (topic: string, group: string): Right[] => [
  `topic exactly ${topic}: READ`,
  `group exactly ${group}: READ`,
  `topic all ${group}-: READ WRITE CREATE DESCRIBE_CONFIGS`,
  'topic exactly siskin-owners: READ WRITE CREATE',
  `id all ${group}: WRITE`,
  'id exactly siskin-owners: WRITE'
]

describeKafka('the rights of a stream', () => {
  const folder = temporaryFolder()
  let kafka: Kafka
  let sasl: Kafka
  let packets: Buffer[]

  beforeAll(async () => {
    kafka = await startKafka({
      user: { name: 'ana', password: 'right' },
      properties: {
        'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
        'super.users': 'User:ANONYMOUS'
      }
    })
    sasl = { ...kafka, bootstrap: kafka.saslBootstrap! }
    packets = await nightOfPackets(folder)
  })
  afterAll(() => kafka?.stop())

  const allow = async (...rights: readonly Right[]) => {
    const creations = rights.flatMap((right) => {
      const [what = '', names = ''] = right.split(': ')
      const [type, pattern, resourceName = ''] = what.split(' ')
      return names.split(' ').map((name) => ({
        resourceType: TYPES[type as keyof typeof TYPES],
        resourcePatternType: PATTERNS[pattern as keyof typeof PATTERNS],
        resourceName,
        principal: 'User:ana',
        host: '*',
        operation: MAY[name as keyof typeof MAY],
        permissionType: ALLOW
      }))
    })
    const admin = new Admin({ clientId: 'test', bootstrapBrokers: [kafka.bootstrap] })
    await admin.createAcls({ creations } as Parameters<Admin['createAcls']>[0])
    await admin.close()
  }
  const more = [
    '--kafka-user',
    'ana',
    '--kafka-password',
    'right',
    '--kafka-mechanism',
    'SCRAM-SHA-256',
    '--filters',
    'fast_riser'
  ]

  test('that it names are enough, and the one that is missing is among them', async () => {
    const group = newName('all')
    const input = { topic: `night-${group}`, partitions: 1 }
    await makeTopic(kafka, input)
    await send(kafka, input, packets)
    const lake = join(folder, group)
    const rights = rightsOf(input.topic, group)
    await allow(...rights.filter((right) => !right.startsWith(`topic all ${group}-`)))
    await allow(`topic all ${group}-: WRITE CREATE DESCRIBE_CONFIGS`)
    const args = { kafka: sasl, lake, topics: input.topic, group, more }
    expect(await drain(args)).toMatchObject({ code: 0 }) // there is nothing to read of them yet
    const refused = await drain(args)
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(
      /READ, WRITE, CREATE and DESCRIBE_CONFIGS of the topics for subs/
    )
    expect(refused.stderr).toMatch(/READ, WRITE and CREATE of topic siskin-owners/)
    await allow(`topic all ${group}-: READ`)
    await send(kafka, input, packets.slice(0, 1))
    expect(await drain(args)).toMatchObject({ code: 0 })
    expect(receivedIn(lake)).toBe(packets.length + 1)
    expect(await verdictOf(lake)).toMatchObject({ differences: [] })
  })

  test('of a topic that it may see and not read: that one stands aside, also as all that a member has', async () => {
    const group = newName('aside')
    const mine = { topic: `mine-${group}`, partitions: 1 }
    const secret = { topic: `secret-${group}`, partitions: 1 }
    for (const feed of [mine, secret]) {
      await makeTopic(kafka, feed)
      await send(kafka, feed, packets.slice(0, 20))
    }
    await allow(...rightsOf(mine.topic, group), `topic exactly ${secret.topic}: DESCRIBE`)
    const lake = join(folder, group)
    const topics = `/-${group}$/`
    const two = [...more, '--members', '2']
    const running = start({ kafka: sasl, lake, topics, group, more: two })
    await until(() => receivedIn(lake) === 20, 'the packets of the other')
    const says = `secret-${group}-0 is left alone, the others go on: our user may not read topic`
    await until(() => running.log().includes(says), 'its name')
    const stands = `source secret-${group}-0 stands aside`
    const isNoted = async () => (await verdictOf(lake)).notes.some((text) => text.includes(stands))
    await until(isNoted, 'its note')
    expect(running.log()).not.toContain('another takes over')
    running.child.kill('SIGTERM')
    expect(await running.ended).toBe(0)
    const { differences } = await verdictOf(lake)
    expect(differences).toEqual([])
  })
})
