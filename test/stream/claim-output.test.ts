import { Admin } from '@platformatic/kafka'
import { beforeAll, expect, test } from 'vitest'
import type { KafkaAccess } from '../../engine/kafka/settings.ts'
import { claimOutput } from '../../engine/stream/claims/claim-output.ts'
import type { StreamIdentity } from '../../engine/stream/claims/claim-output.ts'
import type { OutputSettings } from '../../engine/stream/common/settings.ts'
import { sharedKafka } from '../cluster/shared.ts'
import type { SharedKafka } from '../cluster/shared.ts'
import { describeKafka, newName } from './support.ts'

describeKafka('streams that begin at the same time', () => {
  let kafka: SharedKafka
  beforeAll(async () => {
    kafka = await sharedKafka()
  })

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
    for (let round = 0; round < 4; round++) {
      const names = Array.from({ length: 8 }, () => newName('claims'))
      const claims = await Promise.allSettled(names.map(claim))
      expect(claims.filter(({ status }) => status === 'rejected')).toEqual([])
    }
  })
})
