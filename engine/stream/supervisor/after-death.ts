import { messageOf } from '../../errors.ts'
import type { Store } from '../../store/store.ts'
import { countStrike } from '../common/bounds.ts'
import type { Strike } from '../common/bounds.ts'
import { openAdmin } from '../../kafka/client.ts'
import { isKafkaError } from '../../kafka/refusals.ts'
import type { WorkingRange } from '../common/messages.ts'
import type { LogEvent } from './events.ts'
import type { StreamSettings } from '../common/settings.ts'

/** A member whose process is gone. */
export interface Dead {
  readonly name: string
  readonly how: string
  readonly memberId: string | null
  /** What it ended of, if it was something that it worked on. */
  readonly ranges: readonly WorkingRange[]
  readonly strike: Strike
}

/**
 * Counts the death for what the member worked on, and tells the group at once, so that nobody waits
 * for its session to run out.
 */
export async function afterDeath(
  { name, how, memberId, ranges, strike }: Dead,
  { kafka, group }: StreamSettings,
  store: Store,
  onLog: (event: LogEvent) => void
): Promise<void> {
  try {
    for (const range of ranges) {
      const { source, first, last } = range
      const { deaths, slow } = await countStrike(store, range, strike, how)
      const message = `${source} ${first} to ${last} was worked on (${how}): death ${deaths + slow} of it`
      onLog({ level: 'warn', message, fields: { member: name, source, first, last, deaths, slow } })
    }
    if (memberId === null) return
    const admin = openAdmin(kafka, `${name}-buried`)
    const members = [{ memberId, reason: 'its process is gone' }]
    try {
      await admin.removeMembersFromConsumerGroup({ groupId: group, members })
    } finally {
      await admin.close()
    }
  } catch (error) {
    if (isKafkaError(error, 'UNKNOWN_MEMBER_ID')) return // it had left before
    const message = `after a death: ${messageOf(error)}`
    onLog({ level: 'warn', message, fields: { member: name } })
  }
}
