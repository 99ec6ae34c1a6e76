import { Admin } from '@platformatic/kafka'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { claimOutput } from '../../engine/stream/claim-output.ts'
import type { StreamIdentity } from '../../engine/stream/claim-output.ts'
import type { KafkaAccess, OutputSettings } from '../../engine/stream/settings.ts'
import { startKafka } from '../cluster/cluster.ts'
import type { Kafka } from '../cluster/cluster.ts'
import { describeKafka } from './support.ts'

describeKafka('streams that begin at the same time', () => {
  let kafka: Kafka
  beforeAll(async () => (kafka = await startKafka()))
  afterAll(() => kafka?.stop())

  const output = { replication: 1 } as OutputSettings
  const claim = async (name: string) => {
    const bootstrap = [kafka.bootstrap]
    const nobody = { user: null, password: null, mechanism: 'PLAIN', tls: false, ca: null } as const
    const access: KafkaAccess = { brokers: bootstrap, ...nobody }
    const admin = new Admin({ clientId: 'test', bootstrapBrokers: bootstrap, retryDelay: 300 })
    const me: StreamIdentity = { group: name, id: name, number: name, place: name, lake: name }
    try {
      await claimOutput(admin, access, me, [name], { takeOver: false, output })
    } finally {
      await admin.close()
    }
  }

  test('fence each other while they claim their topics, and each gets its own', async () => {
    for (let round = 0; round < 12; round++) {
      const names = Array.from({ length: 8 }, (_, i) => `stream${round}-${i}`)
      const claims = await Promise.allSettled(names.map(claim))
      expect(claims.filter(({ status }) => status === 'rejected')).toEqual([])
    }
  })
})
