import { join } from 'node:path'
import { Producer } from '@platformatic/kafka'
import { beforeAll, expect, test } from 'vitest'
import { sharedKafka } from '../cluster/shared.ts'
import type { SharedKafka } from '../cluster/shared.ts'
import { describeKafka, drain, makeTopic, nightOfPackets, send } from '../stream/support.ts'
import { siskin, temporaryFolder } from '../support/siskin.ts'

const GROUP = 'foreign-out'
const TOPIC = `${GROUP}-fast-riser`

describeKafka('what is foreign in a topic', () => {
  const folder = temporaryFolder()
  let kafka: SharedKafka
  let ids: string[]

  beforeAll(async () => {
    kafka = await sharedKafka()
    const feed = { topic: 'foreign-night', partitions: 1 }
    await makeTopic(kafka, feed)
    await send(kafka, feed, await nightOfPackets(folder))
    const args = { kafka, lake: join(folder, 'lake'), topics: feed.topic, group: GROUP }
    const more = ['--filters', 'fast_riser', '--out-partitions', '1']
    expect(await drain({ ...args, more })).toMatchObject({ code: 0 })
    ids = idsOf((await subscribe('before', '--json')).stdout)
    expect(ids.length).toBeGreaterThan(3)
  })

  function subscribe(group: string, ...args: readonly string[]) {
    const settings = ['--brokers', kafka.bootstrap, '--out-prefix', `${GROUP}-`]
    settings.push('--group', `foreign-${group}`)
    return siskin(['subscribe', 'fast-riser', ...settings, ...args])
  }

  function idsOf(stdout: string): string[] {
    const lines = stdout.split('\n').filter((line) => line !== '')
    return lines.map((line) => (JSON.parse(line) as { alert_id: string }).alert_id).sort()
  }

  async function lagOf(group: string): Promise<number[]> {
    const { stdout } = await subscribe(group, '--lag', '--json')
    return (JSON.parse(stdout) as { lag: number }[]).map(({ lag }) => lag)
  }

  test('the lag counts alerts, and no markers of transactions', async () => {
    expect(await lagOf('nobody')).toEqual([ids.length])
    await subscribe('some', '--limit', '2')
    expect(await lagOf('some')).toEqual([ids.length - 2])
    expect((await subscribe('nobody', '--lag')).stdout).toContain(`: ${ids.length} behind`)
  })

  test('is named and passed over, and what comes behind it is read', async () => {
    const client = { clientId: 'test', bootstrapBrokers: [kafka.bootstrap] }
    const producer = new Producer(client)
    const schema = Buffer.from(
      '{"type":"record","name":"note","fields":[{"name":"alert_id","type":"long"}]}'
    )
    const headers = new Map([[Buffer.from('schema'), Buffer.from('not a fingerprint')]])
    const [key, value] = [Buffer.from('key'), Buffer.from('hello')]
    const foreign = [
      { key, value },
      { key, value, headers },
      { key, value: Buffer.from([0, 0, 0, 0, 9, 1, 2]) },
      { key: schema, value: Buffer.from([0x80]) },
      { key: Buffer.from('{ no schema'), value },
      { key: Buffer.from('"string"'), value },
      { key: Buffer.from('{"type":"string"}'), value: Buffer.from([2, 97]) },
      { key, value: undefined as unknown as Buffer }
    ]
    const last = { key: schema, value: Buffer.from([2 * 7]) }
    const messages = [...foreign, last].map((one) => ({ topic: TOPIC, partition: 0, ...one }))
    await producer.send({ messages })
    await producer.close()
    const { code, stdout, stderr } = await subscribe('foreign', '--json')
    expect(code).toBe(1)
    expect(idsOf(stdout)).toEqual([...ids, '7'].sort())
    const named = stderr.split('\n').filter((line) => line.includes(' is passed over: '))
    expect(named).toHaveLength(foreign.length)
    expect(named[0]).toMatch(
      /out-fast-riser-0 at offset \d+ is passed over: it does not say which schema/
    )
    expect(named.at(-1)).toContain('it is a tombstone')
    expect(stderr).toContain('8 messages passed over')
    const again = await subscribe('foreign', '--json')
    expect(again).toMatchObject({ code: 0, stdout: '' })
  })
})
