import { commitStaged, drop } from '../../lake/two-phase-commit.ts'
import type { PartRecord } from '../../lake/ledger.ts'
import type { Store } from '../../store/store.ts'
import type { SelectedMessage } from '../../publish/kafka.ts'
import { FencedError, UnsureError } from '../commit/coordination.ts'
import type { Coordination } from '../commit/coordination.ts'
import type { Bounds } from '../common/bounds.ts'
import type { CrashPoint } from './crash.ts'
import type { Assignment } from '../../kafka/group.ts'
import { PartError } from './part-error.ts'
import { partitionOf } from '../../kafka/partition.ts'
import { refusalOf } from '../../kafka/refusals.ts'
import type { StagedPart } from './worker.ts'

export interface CommitterOptions {
  readonly store: Store
  readonly coordination: Coordination
  readonly assignment: Assignment
  readonly bounds: Bounds
  readonly crash: CrashPoint
  /**
   * Ends the member at once, before anything else of it happens: what it has sent may still be on its
   * way and count. Never resolves.
   */
  readonly die: (reason: UnsureError, records: readonly PartRecord[]) => Promise<never>
}

/** When a micro-batch counted, ms since 1970, and what its commit took. */
export interface Landed {
  readonly at: number
  readonly transactionSeconds: number
  readonly placeSeconds: number
}

/**
 * Brings staged micro-batches of one assignment into the lake and the topics.
 * `commit` says what became of one: it landed; `void`, because the partitions are another's by now; `apart`, because Kafka
 * refuses a message of one of its parts, or gets it damaged, and only alone each shows whose: all lie staged as before.
 */
export class Committer {
  readonly #options: CommitterOptions

  constructor(options: CommitterOptions) {
    this.#options = options
  }

  async commit(parts: readonly StagedPart[]): Promise<Landed | 'void' | 'apart'> {
    const { store, bounds, crash } = this.#options
    const began = performance.now()
    const records = parts.map(({ record }) => record)
    crash.begin(Math.max(...records.map(({ first }) => first)))
    let at = 0
    let published = 0
    const pass = async () => {
      const refused = await this.#publish(parts)
      at = Date.now()
      published = performance.now()
      return refused
    }
    const refused = await commitStaged(store, records, { pass, entersLedger: false }, crash.at)
    if (refused !== null) return refused
    for (const { source, last } of records) await bounds.landed(store, source, last)
    crash.at('done')
    const placeSeconds = (performance.now() - published) / 1000
    return { at, transactionSeconds: (published - began) / 1000, placeSeconds }
  }

  /** Null if the transaction counted. @throws PartError for a part whose message is refused. */
  async #publish(parts: readonly StagedPart[]): Promise<'void' | 'apart' | null> {
    const { coordination, assignment, crash, die, store } = this.#options
    const records = parts.map(({ record }) => record)
    const positions = records.map(({ source, last }) => {
      return { ...partitionOf(source), next: last + 1 }
    })
    const messages = parts.flatMap((part) => part.messages)
    try {
      await coordination.commit(assignment, messages, positions, crash.at)
      return null
    } catch (error) {
      if (error instanceof UnsureError) return die(error, records)
      const refusal = refusalOf(error)
      const isDamaged = refusal?.kind === 'way'
      if ((isDamaged || refusal?.kind === 'message') && parts.length > 1) return 'apart'
      const isAboutMessage = isDamaged ? await this.#isAlone(messages) : refusal?.kind === 'message'
      for (const record of records) await drop(store, record)
      if (error instanceof FencedError) return 'void'
      if (!isAboutMessage) throw error // a clock, a right, a rule, a broker: no fault of any packet
      throw new PartError(`Kafka ${refusal?.text} (${refusal?.id})`, records, { cause: error })
    }
  }

  /** What is damaged on the way, however often it is sent, is blamed only where others come through at the same time. */
  async #isAlone(messages: readonly SelectedMessage[]): Promise<boolean> {
    return this.#options.coordination.passes(messages).catch(() => false)
  }
}
