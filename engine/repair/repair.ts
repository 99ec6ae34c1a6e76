import { amount, are } from '../amount.ts'
import { messageOf } from '../errors.ts'
import type { Finding } from '../verify/finding.ts'
import type { PartRecord } from '../lake/ledger.ts'
import { lastSpan } from '../lake/ledger.ts'
import { ledgerSources } from '../lake/ledger-walk.ts'
import { REPAIRS } from '../lake/repair-folder.ts'
import { OWN } from '../lake/ledger.ts'
import { partitionOf } from '../kafka/partition.ts'
import { abandonSteps } from './abandon.ts'
import { removeEmptyFolder } from './clean.ts'
import type { Gap } from './fill-gap.ts'
import { cutOff, recoverRepairs } from './land.ts'
import { planOf } from './plan.ts'
import { cannot, step } from './step.ts'
import type { RepairStep } from './step.ts'
import type { Workshop } from './workshop.ts'

/** What became of a step. */
export interface Outcome {
  readonly what: string
  readonly how: string | null
  /** What came of it; null: nothing was done. */
  readonly done: string | null
  /** Why nothing could be done, or what went wrong. */
  readonly why: string | null
}

export interface RepairOptions<V> {
  readonly shop: Workshop
  /** Sources of which what is missing is to be given up. */
  readonly abandon?: readonly string[]
  /** Looks at the lake; tells every finding. */
  readonly look: (onFinding: (finding: Finding) => void) => Promise<V>
  /** Shows what is to be done; false: it is not to be. */
  readonly agree: (steps: readonly RepairStep[]) => Promise<boolean>
  readonly onOutcome: (outcome: Outcome) => void
}

export interface Repaired<V> {
  readonly outcomes: readonly Outcome[]
  /** Somebody did not agree: what was planned last was not done. */
  readonly isRefused: boolean
  /** The lake as it was seen last. */
  readonly verdict: V
}

/** What is seen only when something else is mended: a record moved aside leaves a gap. */
const MOST_ROUNDS = 4

/** Looks at the lake and mends what it finds, until there is nothing left that it can mend. */
export async function repair<V>(options: RepairOptions<V>): Promise<Repaired<V>> {
  const { shop, abandon = [], look, agree, onOutcome } = options
  const outcomes: Outcome[] = []
  const tried = new Set<string>()
  for (let round = 0; ; round++) {
    const findings: Finding[] = []
    const verdict = await look((finding) => findings.push(finding))
    const steps = (await nextSteps(shop, findings, abandon)).filter(({ key }) => !tried.has(key))
    const isOver = round === MOST_ROUNDS || !steps.some(({ run }) => run)
    const isRefused = !isOver && !(await agree(steps))
    if (!isOver && !isRefused) await shop.claims.begin()
    for (const { key, what, how, why, source, run } of steps) {
      tried.add(key)
      if (run && (isOver || isRefused)) continue
      const outcome = { what, how, ...(await doIt(shop, source, why, run)) }
      outcomes.push(outcome)
      onOutcome(outcome)
    }
    if (isOver || isRefused) return { outcomes, isRefused, verdict }
    await sweep(shop, findings)
  }
}

async function doIt(
  { claims }: Workshop,
  source: string | null,
  why: string | null,
  run: RepairStep['run']
): Promise<Pick<Outcome, 'done' | 'why'>> {
  if (!run) return { done: null, why }
  try {
    if (source !== null) await claims.take(source)
    return { done: await run(), why: null }
  } catch (error) {
    return { done: null, why: messageOf(error) }
  }
}

/** What a repair left that was cut off goes first: the rest may look other without it. Only Kafka knows of some of it. */
async function nextSteps(
  shop: Workshop,
  findings: readonly Finding[],
  abandon: readonly string[]
): Promise<RepairStep[]> {
  const { store } = shop
  const isOut = (record: PartRecord) => isPublished(shop, record)
  const { ready, waiting } = await cutOff(store, isOut)
  if (ready) {
    const how = 'what it had entered is finished, the rest removed'
    const finish = step('a repair was cut off', how, null, async () => {
      const parts = await recoverRepairs(store, isOut)
      return `${amount(parts, 'part')} of it ${are(parts)} finished or removed`
    })
    return [finish]
  }
  const known = waiting.map(({ source, first, last, folder }) =>
    cannot(
      `a repair of ${source} ${first} to ${last} was cut off (${folder})`,
      'only Kafka knows if its messages are out: say where it is with --brokers',
      source
    )
  )
  const others = findings.filter(({ kind, text }) => kind !== 'empty' || !text.startsWith(REPAIRS))
  const abandoned = await abandonSteps(shop, abandon, others)
  const isGivenUp = (one: Finding) =>
    one.kind === 'gap' && (abandon.includes(one.source) || !one.isDifference)
  const left = others.filter((one) => !isGivenUp(one))
  const keys = new Set(abandoned.map(({ key }) => key))
  const plan = await planOf(shop, left, await gapsOf(shop, left))
  return [...known, ...abandoned, ...plan.filter(({ key }) => !keys.has(key))]
}

/** Null: only Kafka could say. */
function isPublished({ marks }: Workshop, record: PartRecord): boolean | null {
  if (!record.stream || record.files.some(({ kind }) => kind === 'topic')) return false
  return marks ? marks.publishedAs(record) === record.attempt : null
}

/** Also those between the end of what the lake has of a partition and the group's position. */
async function gapsOf(
  { store, kafka }: Workshop,
  findings: readonly Finding[]
): Promise<readonly Gap[]> {
  const gaps: Gap[] = []
  const staged = new Set(findings.flatMap((one) => (one.kind === 'attempt' ? [one.source] : [])))
  for (const finding of findings) {
    if (finding.kind !== 'gap') continue
    const { source, first, last, isStream } = finding
    const isTail = ((await lastSpan(store, source))?.last ?? -1) < first
    if (isTail && staged.has(source)) continue // it may be what lies staged
    gaps.push({ source, first, last, isStream })
  }
  if (!kafka || (await kafka.members()) > 0) return gaps
  const streams = await streamSources(store)
  for (const [source, position] of await kafka.positions()) {
    if (!streams.has(source) || staged.has(source)) continue
    const end = ((await lastSpan(store, source))?.last ?? -1) + 1
    if (position <= end) continue
    const behind = gaps.findIndex((gap) => gap.source === source && gap.first >= end)
    if (behind >= 0) gaps.splice(behind, 1) // of these the index knew a part
    gaps.push({ source, first: end, last: position - 1, isStream: true })
  }
  return gaps
}

/** Sources that are partitions of topics that a stream has in this lake. */
async function streamSources(store: Workshop['store']): Promise<Set<string>> {
  const owned = await store.entries(`${OWN}/owners/topics`)
  const topics = new Set(owned.map(({ name }) => name.replace(/\.json$/, '')))
  return new Set(
    (await ledgerSources(store)).filter((source) => topics.has(partitionOf(source).topic))
  )
}

/** Staging folders that are as after every run: nobody needs to be told. */
async function sweep({ store }: Workshop, findings: readonly Finding[]): Promise<void> {
  for (const finding of findings) {
    if (finding.kind === 'empty' && finding.text === '') {
      await removeEmptyFolder(store, finding.path)
    }
  }
}
