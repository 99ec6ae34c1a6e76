import { expect, test } from 'vitest'
import type { MessageMark } from '../../engine/packets.ts'
import { stage } from '../../engine/lake/two-phase-commit.ts'
import { ledgerPath } from '../../engine/lake/ledger.ts'
import { localStore } from '../../engine/store/local.ts'
import { jsonBytes } from '../../engine/store/replace-file.ts'
import type { Coordination } from '../../engine/stream/commit/coordination.ts'
import { markOf } from '../../engine/stream/commit/same-log.ts'
import { takeOver } from '../../engine/stream/commit/takeover.ts'
import { recordOf } from '../protocol/parts.ts'
import { temporaryFolder } from '../support/siskin.ts'

const OWN = markOf({ timestamp: 1_767_225_600_000, value: Buffer.from('the last alert') })
const OTHER = markOf({ timestamp: 1_767_225_600_000, value: Buffer.from('another') })
const ACCOUNT = { messages: 10, missing: 0, lost: 0, begins: true, generation: 1, fink: false }

interface Case {
  readonly tail?: MessageMark
  /** What Kafka has at offset 9; left out: it cannot be told. */
  readonly now?: MessageMark | null
  readonly first?: number
  /** The part counts, and is not placed yet. */
  readonly isStaged?: boolean
}

/** Takes a partition over of which the lake ends at 10, and Kafka at 30. */
async function takenOver({ tail, now, first = 0, isStaged = false }: Case) {
  const store = localStore(temporaryFolder())
  const { record, files } = recordOf({ source: 'live-0', first: 0, last: 9 }, 'g1/0123456789ab-0')
  const own = { ...record, stream: tail ? { ...ACCOUNT, tail } : ACCOUNT }
  if (isStaged) await stage(store, own, files, () => {})
  else await store.write(ledgerPath('live-0', 0, 9), [jsonBytes(own)])
  const asked: number[] = []
  const coordination: Coordination = {
    positions: async () => new Map([['live-0', 10]]),
    spans: async () => new Map([['live-0', { first, end: 30, topicId: 'id' }]]),
    begin: async () => new Map(),
    async marksAt(places) {
      asked.push(...places.map(({ offset }) => offset))
      return new Map(now === undefined ? [] : [['live-0', now]])
    },
    published: async () => false,
    passes: async () => true,
    commit: async () => {}
  }
  const partitions = [{ topic: 'live', partition: 0 }]
  const assignment = {
    generation: 2,
    memberId: 'm',
    partitions,
    ended: new AbortController().signal
  }
  const settings = {
    from: 'earliest' as const,
    topicIds: new Map([['live', 'id']]),
    looked: { since: 0, partitions: new Map() }
  }
  const { starts, aside } = await takeOver(coordination, assignment, store, settings)
  return { starts: starts.map(({ offset }) => offset), aside, asked }
}

test.each([
  ['the last message is another', { tail: OWN, now: OTHER }],
  ['there is no message', { tail: OWN, now: null }],
  ['of a part that counts and is not placed yet', { tail: OWN, now: OTHER, isStaged: true }]
])('a log that grew again under the same offsets stands aside: %s', async (_what, given) => {
  const { starts, aside, asked } = await takenOver(given)
  expect(asked).toEqual([9])
  expect(starts).toEqual([])
  expect(aside).toMatchObject([{ source: 'live-0', reason: 'changed' }])
  expect(aside[0]!.detail).toContain('at offset 9 is not the one of 2026-01-01T00:00:00.000Z')
})

test.each([
  ['the very message is there', { tail: OWN, now: OWN }, [9]],
  ['it cannot be told', { tail: OWN }, [9]],
  ['Kafka has deleted it', { tail: OWN, now: OTHER, first: 10 }, []],
  ['a part of an older version', { now: OTHER }, []]
])('it is read on: %s', async (_what, given, asked) => {
  expect(await takenOver(given)).toMatchObject({ starts: [10], aside: [], asked })
})

test('a message is told by its time stamp and its bytes', () => {
  const value = Buffer.from('a')
  expect(markOf({ timestamp: 5, value })).toEqual({ time: 5, crc32: 'e8b7be43' })
  expect(markOf({ timestamp: 5, value: null })).toEqual({ time: 5, crc32: '00000000' })
})
