import {
  Admin,
  Consumer,
  addPartitionsToTxnV3,
  kGetApi,
  Producer,
  ResponseError
} from '@platformatic/kafka'

/*
 * The client takes an answer in which one partition has no leader for a failure of all that was asked. Ours take it for the answer that
 * it is: such a partition has a leader that will refuse it (`isLeaderless` tells it), and all others are as they are.
 */

/** As the answer to a question for metadata comes from Kafka. */
export interface MetadataAnswer {
  readonly clusterId: string | null
  readonly brokers: readonly { readonly nodeId: number }[]
  readonly topics: readonly {
    readonly name: string | null
    readonly topicId: string
    readonly errorCode: number
    readonly isInternal: boolean
    readonly partitions: readonly AnsweredPartition[]
  }[]
}

interface AnsweredPartition {
  errorCode: number
  leaderId: number
  leaderEpoch: number
}

const OK = 0
const LEADER_NOT_AVAILABLE = 5
const LISTENER_NOT_FOUND = 72
const OFFLINE = [OK, LEADER_NOT_AVAILABLE, LISTENER_NOT_FOUND]
const NO_EPOCH = -1

/** True where all that is wrong is that partitions, or topics that are just being made, have no leader. */
export function isOfflineOnly({ topics }: MetadataAnswer): boolean {
  return topics.every(({ errorCode, partitions }) =>
    [errorCode, ...partitions.map((one) => one.errorCode)].every((code) => OFFLINE.includes(code))
  )
}

export function isLeaderless({ leaderEpoch }: { readonly leaderEpoch: number }): boolean {
  return leaderEpoch === NO_EPOCH
}

export type OpenTransaction = Awaited<ReturnType<Producer['beginTransaction']>>

type GetApi = Admin[typeof kGetApi]
type Api = ((...args: unknown[]) => void) & { readonly key: number; readonly version: number }
type Answered = (error: Error | null, answer?: MetadataAnswer) => void

/** `Metadata` as it is, but for partitions without a leader. */
function withLeaderless(getApi: GetApi): GetApi {
  return (name, callback) => {
    if (name !== 'Metadata') return getApi(name, callback)
    getApi(name, (error, found) => {
      if (error) return callback(error, undefined)
      const api = found as unknown as Api
      const ask = (...args: unknown[]) => {
        const heard = args.pop() as Answered
        api(...args, (failure: Error | null, answer?: MetadataAnswer) => {
          const lacking = failure ? answerIn(failure) : null
          if (lacking) heard(null, led(lacking))
          else heard(failure, answer)
        })
      }
      callback(null, Object.assign(ask, { key: api.key, version: api.version }) as never)
    })
  }
}

/** Null where more is wrong than that partitions have no leader. */
function answerIn(error: Error): MetadataAnswer | null {
  if (!(error instanceof ResponseError)) return null
  const answer = Reflect.get(error, 'response') as MetadataAnswer | undefined
  if (!answer || answer.topics.some(({ errorCode }) => errorCode !== OK)) return null
  return isOfflineOnly(answer) ? answer : null
}

/** Whoever is asked for such a partition is asked in vain, and says so by Kafka's own words. */
function led(answer: MetadataAnswer): MetadataAnswer {
  const [anybody] = answer.brokers
  for (const partition of answer.topics.flatMap(({ partitions }) => partitions)) {
    if (partition.errorCode === OK) continue
    partition.leaderId = anybody?.nodeId ?? -1
    partition.leaderEpoch = NO_EPOCH
  }
  return answer
}

export class LenientAdmin extends Admin {
  override [kGetApi]: GetApi = withLeaderless((name, callback) => super[kGetApi](name, callback))
}

export class LenientConsumer extends Consumer {
  override [kGetApi]: GetApi = withLeaderless((name, callback) => super[kGetApi](name, callback))
}

/**
 * A producer of transactions. The client adds partitions to one in the newest form that the broker knows; from the fourth on that is the
 * one of brokers among themselves, for which Kafka asks the right CLUSTER_ACTION. Clients use the third.
 */
export class TransactionalProducer extends Producer {
  override [kGetApi]: GetApi = withLeaderless((name, callback) => {
    if (name === 'AddPartitionsToTxn') callback(null, addPartitionsToTxnV3.api as never)
    else super[kGetApi](name, callback)
  })

  /** The client has numbered messages that the broker refused, and would go on behind them. */
  #isAhead = false

  /** Begins a transaction: in a new epoch, where both count anew, after one that was given up. */
  async begin(): Promise<OpenTransaction> {
    const transaction = await this.beginTransaction()
    const { producerId, producerEpoch } = this
    if (!this.#isAhead || producerId === undefined || producerEpoch === undefined)
      return transaction
    try {
      await this.initIdempotentProducer({ producerId, producerEpoch })
      this.#isAhead = false
      return transaction
    } catch (error) {
      await transaction.cancel().catch(() => {})
      throw error
    }
  }

  /** Ends a transaction in which something failed. */
  async giveUp(transaction: OpenTransaction): Promise<void> {
    this.#isAhead = true
    await transaction.abort()
  }
}
