import { SiskinError } from '../errors.ts'
import type { OnStreamStep } from '../stream/commit/recovery.ts'
import { checkRun, RunClaim, WHOLE_LAKE } from '../lake/run-claim.ts'
import type { Store } from '../store/store.ts'
import type { ArchiveInput } from './inputs/archive-input.ts'
import type { KafkaInput } from './inputs/kafka-input.ts'
import type { RepairMaker } from './maker.ts'
import type { GapMarks, GapPublisher } from './publish-gap.ts'

/** What the steps of a repair work with. */
export interface Workshop {
  readonly store: Store
  readonly maker: RepairMaker
  readonly archives: ArchiveInput
  /** Null: Kafka is not asked. */
  readonly kafka: KafkaInput | null
  /** Which refilled gaps are in Kafka's topics; null: Kafka is not asked. */
  readonly marks: GapMarks | null
  /** Publishes the selected alerts of refilled gaps; null: they become topic files of the lake. */
  readonly publisher: GapPublisher | null
  readonly claims: Claims
  readonly onStep: OnStreamStep
}

/** Sources that this repair has, so that no run and no other repair is at work on them. */
export class Claims {
  readonly #store: Store
  readonly #command: string
  readonly #claims = new Map<string, RunClaim>()
  #attempts = 0

  constructor(store: Store, command: string) {
    this.#store = store
    this.#command = command
  }

  /** Before anything is changed. @throws SiskinError that names the repair that is going on. */
  async begin(): Promise<void> {
    await this.take(WHOLE_LAKE)
  }

  /** @throws SiskinError that names the run that has it. */
  async take(source: string): Promise<RunClaim> {
    const known = this.#claims.get(source)
    if (known) return known
    const claim = await RunClaim.borrow(this.#store, source, this.#command)
    this.#claims.set(source, claim)
    return claim
  }

  /** The name of an attempt that no other has. */
  newAttempt(): string {
    const run = this.#claims.get(WHOLE_LAKE)?.run ?? 0
    return `repair${run}/${this.#attempts++}`
  }

  /** @throws SiskinError when another one has taken the lake or the source over. */
  async check(source: string): Promise<void> {
    for (const name of [WHOLE_LAKE, source]) {
      const claim = this.#claims.get(name)
      if (!claim) throw new SiskinError(`${name} is not claimed`)
      await checkRun(this.#store, name, claim.run)
    }
  }

  async release(): Promise<void> {
    for (const claim of this.#claims.values()) await claim.release()
  }
}
