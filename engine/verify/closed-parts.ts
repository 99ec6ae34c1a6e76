import { amount } from '../amount.ts'
import { closedSource, eachTaken } from '../lake/closed.ts'
import { BLOCK, blockFolder } from '../lake/ledger.ts'
import type { PartRecord } from '../lake/ledger.ts'
import { PACK } from '../lake/pack.ts'
import { recordAt } from '../lake/records.ts'
import { attemptsAt } from '../lake/two-phase-commit.ts'
import type { Survey } from '../contract/index.ts'
import type { Store } from '../store/store.ts'
import { TornFileError } from '../errors.ts'
import type { OnFinding } from './finding.ts'

interface Said {
  readonly night: string
  parts: number
  alerts: number
}

/** What parts say that lies in closed nights, held against those: alerts that go with a closed part are missed nowhere else. */
export class ClosedParts {
  readonly #store: Store
  readonly #onFinding: OnFinding
  readonly #said = new Map<string, Said>()
  readonly #closed: PartRecord[] = []

  constructor(store: Store, onFinding: OnFinding) {
    this.#store = store
    this.#onFinding = onFinding
  }

  add(record: PartRecord): void {
    if (record.closes) this.#closed.push(record)
    for (const [night, part] of Object.entries(record.closedIn ?? {})) {
      const said = this.#said.get(part) ?? { night, parts: 0, alerts: 0 }
      this.#said.set(part, said)
      said.parts++
      said.alerts += record.nights[night] ?? 0
    }
  }

  /** @param isAll all parts were seen that the closed ones that were seen were merged of */
  async finish(isAll: boolean): Promise<void> {
    for (const [part, said] of this.#said) {
      if (!this.#closed.some((record) => record.part === part)) await this.#expect(part, said)
    }
    for (const record of isAll ? this.#closed : []) await this.#compare(record)
  }

  /** It may be younger than the look at the ledger. One that is torn was told. */
  async #expect(part: string, { night, parts, alerts }: Said): Promise<void> {
    const [survey, date] = night.split('/') as [Survey, string]
    const source = closedSource(survey, Number(date))
    const nth = Number(part.slice(part.lastIndexOf('-') + 1))
    const torn = (error: unknown) => {
      if (!(error instanceof TornFileError)) throw error
      return undefined
    }
    const found = await recordAt(this.#store, source, { first: nth, last: nth }).catch(torn)
    if (found === undefined || (found && found.closes?.parts !== 0)) return
    const text = `${part} is in no ledger, and ${amount(parts, 'part')} of night ${night} say that it has their ${amount(alerts, 'alert')}`
    this.#onFinding({ kind: 'closed', source, nth, text, isDifference: true })
  }

  async #compare(record: PartRecord): Promise<void> {
    const { part, source, closes, alerts } = record
    const { parts, copies } = closes!
    const said = this.#said.get(part) ?? { parts: 0, alerts: 0 }
    if (said.parts === parts && said.alerts === alerts + copies) return
    if ((await attemptsAt(this.#store, source)).length > 0 || (await this.#isTold(record))) return
    const gone = await this.#goneOf(record)
    for (const { source: own, path } of gone) {
      const text = `${path} is missing: the records of parts that ${part} was merged of`
      this.#onFinding({ kind: 'pack', source: own, path, text, isDifference: true })
    }
    if (gone.length > 0) return
    const text = `part ${part} was merged of ${amount(parts, 'part')} with ${amount(alerts + copies, 'alert')}, and the ledger has ${said.parts} with ${said.alerts}`
    this.#onFinding({ kind: 'other', text, isDifference: true })
  }

  /** Blocks of which no record is left, neither alone nor among others. */
  async #goneOf({ closes }: PartRecord): Promise<{ source: string; path: string }[]> {
    const gone: { source: string; path: string }[] = []
    for (const [source, blocks] of Object.entries(closes!.blocks)) {
      for (const block of blocks) {
        const folder = blockFolder(source, block * BLOCK)
        if ((await this.#store.entries(folder)).length > 0) continue
        gone.push({ source, path: `${folder}/${PACK}` })
      }
    }
    return gone
  }

  /** A close may have come to its end since. */
  async #isTold(closed: PartRecord): Promise<boolean> {
    const night = closed.closes!.night
    try {
      for await (const { record } of eachTaken(this.#store, closed)) {
        const now = await recordAt(this.#store, record.source, record)
        if (now?.closedIn?.[night] !== closed.part) return false
      }
      return true
    } catch {
      return true // what cannot be read is told where it is looked at
    }
  }
}
