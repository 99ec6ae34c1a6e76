import type { Admin } from '@platformatic/kafka'
import type { Survey } from '../../contract/index.ts'
import type { Plan } from '../../enrich/plan.ts'
import type { SelectedMessage } from '../../publish/kafka.ts'
import { claimOutput, refusalsOf } from './claim-output.ts'
import type { StreamIdentity } from './claim-output.ts'
import type { StreamSettings } from '../common/settings.ts'
import { finkTopicsOf } from '../common/topics.ts'

/**
 * The topics in Fink's form are claimed survey by survey, before the first message of each: its packets
 * alone tell that a stream reads it. So one stream for ZTF and one for LSST have them side by side.
 */
export class FinkClaims {
  readonly #admin: Admin
  readonly #me: StreamIdentity
  readonly #settings: StreamSettings
  readonly #topics: ReadonlyMap<Survey, readonly string[]>
  readonly #claimed = new Set<string>()

  constructor(admin: Admin, me: StreamIdentity, settings: StreamSettings, plan: Plan) {
    const { output, surveys } = settings
    const topics = surveys.map((survey) => {
      return [survey, finkTopicsOf(output, plan.filters, survey)] as const
    })
    this.#admin = admin
    this.#me = me
    this.#settings = settings
    this.#topics = new Map(topics)
  }

  /**
   * Claims what is sure at the start: the topics of the one survey that the stream is made for.
   * @throws UsageError too where another publishes to topics of every survey.
   */
  async begin(): Promise<void> {
    const sets = [...this.#topics.values()].filter((topics) => topics.length > 0)
    if (this.#topics.size === 1) return this.#claim(sets.flat())
    const { kafka, takeOver } = this.#settings
    const refusals = sets.length > 0 ? await refusalsOf(kafka, this.#me, sets, takeOver) : [null]
    if (refusals.every((refusal) => refusal !== null)) throw refusals[0]
  }

  /** @throws UsageError that names who publishes to a topic that one of these messages is for. */
  async before(messages: readonly SelectedMessage[]): Promise<void> {
    for (const [survey, topics] of this.#topics) {
      if (this.#claimed.has(survey)) continue
      if (!messages.some((message) => message.schema && message.survey === survey)) continue
      await this.#claim(topics)
      this.#claimed.add(survey)
    }
  }

  async #claim(topics: readonly string[]): Promise<void> {
    if (topics.length === 0) return
    await claimOutput(this.#admin, this.#settings.kafka, this.#me, topics, this.#settings)
  }
}
