import { MultipleErrors, ProtocolError } from '@platformatic/kafka'
import { expect, test } from 'vitest'
import { stage } from '../../engine/lake/two-phase-commit.ts'
import { localStore } from '../../engine/store/local.ts'
import { Bounds } from '../../engine/stream/common/bounds.ts'
import { Committer } from '../../engine/stream/member/committer.ts'
import { commitBatches } from '../../engine/stream/member/in-flight.ts'
import type { Coordination } from '../../engine/stream/commit/coordination.ts'
import { explain } from '../../engine/kafka/client.ts'
import type { FromStreamMember } from '../../engine/stream/common/messages.ts'
import { PartError } from '../../engine/stream/member/part-error.ts'
import { refusalOf } from '../../engine/kafka/refusals.ts'
import { sourceOf } from '../../engine/kafka/partition.ts'
import { ledgerSources } from '../../engine/lake/ledger-walk.ts'
import { recordOf, selectedOf } from '../protocol/parts.ts'
import { temporaryFolder } from '../support/siskin.ts'

const refused = (id: string) =>
  new MultipleErrors('Producing messages failed.', [new ProtocolError(id)])

const ACCOUNT = { messages: 2, missing: 0, lost: 0, begins: true, generation: 5, fink: false }

/** A member that commits a part of each of three partitions, against a Kafka that `refuses` some sources. */
async function commitThree(
  refuses: (sources: readonly string[]) => Error | null,
  passes: () => Promise<boolean> = async () => true
) {
  const store = localStore(temporaryFolder())
  const sources = ['live-0', 'live-1', 'live-2']
  const coordination: Coordination = {
    positions: async () => new Map(),
    spans: async () => new Map(),
    begin: async () => new Map(),
    marksAt: async () => new Map(),
    published: async () => false,
    passes,
    commit: async (_assignment, _messages, positions) => {
      const error = refuses(positions.map(sourceOf))
      if (error) throw error
    }
  }
  const assignment = {
    generation: 5,
    memberId: 'm',
    partitions: [],
    ended: new AbortController().signal
  }
  const committer = new Committer({
    store,
    coordination,
    assignment,
    bounds: new Bounds(),
    crash: { begin: () => {}, at: () => {} },
    die: (reason) => Promise.reject(reason)
  })
  const none = { bytes: new SharedArrayBuffer(0), offsets: new Float64Array(), length: 0, lost: 0 }
  const batch = sources.map((source, partition) => {
    const span = { source, first: 0, last: 1, begins: true, generation: 5, poison: null }
    const fetched = { ...span, ...none, sizes: new Uint32Array() }
    return { topic: 'live', partition, fetched, times: new Float64Array() }
  })
  const stop = new AbortController()
  const batches = [batch]
  const sent: FromStreamMember[] = []
  const line = {
    options: { send: (message: FromStreamMember) => void sent.push(message) },
    store,
    maker: {
      async make(span: { source: string; first: number; last: number }) {
        const { record, files } = recordOf(span, `g5/0123456789ab-${span.source.slice(-1)}`)
        const own = { ...record, stream: ACCOUNT }
        await stage(store, own, files, () => {})
        return { record: own, messages: selectedOf(span), stageSeconds: 0 }
      },
      committed() {},
      dropped() {},
      giveUp() {}
    }
  }
  const batcher = {
    next: async () => batches.shift() ?? (stop.abort(), null),
    reuse() {}
  }
  const error = await commitBatches(
    line,
    committer,
    batcher,
    { committed() {} },
    stop.signal
  ).catch((failure: unknown) => failure)
  const told = sent.flatMap((message) =>
    message.kind === 'committed' ? message.records.map(({ source }) => source) : []
  )
  return { error, told, landed: await ledgerSources(store) }
}

test('a message of one part is refused: the other parts of the micro-batch land, that part alone is named', async () => {
  const { error, landed, told } = await commitThree((sources) =>
    sources.includes('live-1') ? refused('MESSAGE_TOO_LARGE') : null
  )
  expect(error).toBeInstanceOf(PartError)
  expect((error as PartError).ranges.map(({ source }) => source)).toEqual(['live-1'])
  expect(landed.toSorted()).toEqual(['live-0', 'live-2'])
  expect(told.toSorted()).toEqual(['live-0', 'live-2'])
})

test('what is too much at once is taken part by part, and nobody is named', async () => {
  const { error, landed } = await commitThree((sources) =>
    sources.length > 1 ? refused('RECORD_LIST_TOO_LARGE') : null
  )
  expect(error).toBeUndefined()
  expect(landed).toHaveLength(3)
})

test.each([
  ['nothing comes through', async () => false],
  ['it cannot be told', () => Promise.reject(new Error('a broker is away'))]
])(
  'a part that is damaged on the way, while %s, is blamed for nothing, and no other waits for it',
  async (_what, passes) => {
    const { error, landed } = await commitThree(
      (sources) => (sources.includes('live-0') ? refused('CORRUPT_MESSAGE') : null),
      passes
    )
    expect(error).not.toBeInstanceOf(PartError)
    expect(refusalOf(error)?.kind).toBe('way')
    expect(landed.toSorted()).toEqual(['live-1', 'live-2'])
  }
)

test('a part that is damaged again and again, while others come through, is named', async () => {
  const { error, landed } = await commitThree((sources) =>
    sources.includes('live-0') ? refused('CORRUPT_MESSAGE') : null
  )
  expect(error).toBeInstanceOf(PartError)
  expect((error as PartError).ranges.map(({ source }) => source)).toEqual(['live-0'])
  expect(landed.toSorted()).toEqual(['live-1', 'live-2'])
})

test.each([
  ['INVALID_TIMESTAMP', /refuses the time stamps of our messages: is the clock of this machine/],
  ['TOPIC_AUTHORIZATION_FAILED', /does not allow it to our user/],
  ['TRANSACTIONAL_ID_AUTHORIZATION_FAILED', /does not allow it to our user/],
  ['POLICY_VIOLATION', /by a rule of its topics/],
  ['CORRUPT_MESSAGE', /got other bytes than we sent/],
  ['INVALID_RECORD', /by a rule of its topics/],
  ['UNSUPPORTED_COMPRESSION_TYPE', /by a rule of its topics/],
  ['NOT_ENOUGH_REPLICAS', /./],
  ['KAFKA_STORAGE_ERROR', /./],
  ['THROTTLING_QUOTA_EXCEEDED', /./]
])('%s is no fault of any part', async (id, says) => {
  const { error, landed } = await commitThree(
    () => refused(id),
    async () => false
  )
  expect(error).not.toBeInstanceOf(PartError)
  expect(landed).toEqual([])
  const access = { brokers: ['kafka:9092'], user: null, password: null, tls: false, ca: null }
  expect(explain({ ...access, mechanism: 'PLAIN' }, error).message).toMatch(says)
})

test('a refusal for two reasons is not the fault of a message', () => {
  const both = new MultipleErrors('Producing messages failed.', [
    new ProtocolError('MESSAGE_TOO_LARGE'),
    new ProtocolError('INVALID_TIMESTAMP')
  ])
  expect(refusalOf(both)?.kind ?? null).not.toBe('message')
  expect(refusalOf(new Error('else'))).toBeNull()
})
