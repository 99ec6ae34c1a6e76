import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { sharedKafka } from '../cluster/shared.ts'
import type { SharedKafkaDoors } from '../cluster/shared.ts'
import { siskin, temporaryFolder } from '../support/siskin.ts'
import { describeKafka, makeTopic } from './support.ts'

/** The first of all by the alphabet: of many topics only some are named. */
const THERE = '0-there'
const OWN = ['--group', 'configured', '--out-prefix', 'configured-']

describeKafka('a stream that is configured wrongly', () => {
  const folder = temporaryFolder()
  const lake = join(folder, 'lake')
  let kafka: SharedKafkaDoors

  beforeAll(async () => {
    kafka = await sharedKafka()
    await makeTopic(kafka, { topic: THERE, partitions: 1 })
  })

  async function refused(args: readonly string[]): Promise<{ code: number | null; said: string }> {
    const started = performance.now()
    const { code, stderr } = await siskin(['stream', '--lake', lake, ...OWN, ...args])
    expect(performance.now() - started).toBeLessThan(15_000)
    expect(stderr.trim().split('\n')).toHaveLength(1)
    return { code, said: stderr }
  }

  test('no broker answers', async () => {
    const { code, said } = await refused(['--brokers', '127.0.0.1:9', '--topics', THERE])
    expect(code).toBe(1)
    expect(said).toMatch(/Kafka at 127\.0\.0\.1:9 does not answer .*is --brokers right/)
  })

  test('a topic is missing', async () => {
    const { code, said } = await refused(['--brokers', kafka.bootstrap, '--topics', 'nowhere'])
    expect(code).toBe(1)
    expect(said).toContain(`no topic "nowhere" in Kafka; there are: ${THERE}`)
  })

  test('the password is wrong, then right', async () => {
    const access = ['--brokers', kafka.saslBootstrap!, '--kafka-user', kafka.user.name]
    const args = [...access, '--kafka-mechanism', 'SCRAM-SHA-256', '--topics', THERE]
    const { code, said } = await refused([...args, '--kafka-password', 'wrong'])
    expect(code).toBe(1)
    expect(said).toContain(`does not let ${kafka.user.name} in`)
    const env = {
      SISKIN_KAFKA_PASSWORD: kafka.user.password,
      SISKIN_UNTIL_IDLE: '1',
      SISKIN_LOG_LEVEL: 'warn'
    }
    const right = await siskin(
      ['stream', '--lake', lake, ...OWN, ...args, '--filters', 'new_source'],
      env
    )
    expect(right.stderr).toBe('')
    expect(right.code).toBe(0)
  })

  test('settings are missing or impossible', async () => {
    expect(await refused(['--topics', THERE])).toMatchObject({ code: 2 })
    expect(await refused(['--brokers', kafka.bootstrap])).toMatchObject({ code: 2 })
    const pattern = ['--brokers', kafka.bootstrap, '--topics', '/(/']
    expect((await refused(pattern)).said).toContain('topic pattern /(/')
  })
})
