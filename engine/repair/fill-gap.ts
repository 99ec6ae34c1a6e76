import { SiskinError } from '../errors.ts'
import type { PacketRange } from '../packets.ts'
import { lastOf } from '../packets.ts'
import { committedSpans, lastSpan } from '../lake/ledger.ts'
import { recordAt } from '../lake/records.ts'
import type { PositionSpan } from '../lake/ledger.ts'
import { setMarksBack } from '../verify/proof-notes.ts'
import type { Store } from '../store/store.ts'
import type { MadePart } from '../pipeline.ts'
import type { SelectedMessage } from '../publish/kafka.ts'
import { rangeOf } from '../stream/member/range.ts'
import { rangesWithin } from './inputs/archive-input.ts'
import { knownAlerts } from './known-alerts.ts'
import type { Published } from './inputs/kafka-input.ts'
import { land } from './land.ts'
import { NOWHERE, onceEach } from './maker.ts'
import type { Workshop } from './workshop.ts'

/** Positions of a source that are in no part. */
export interface Gap extends PositionSpan {
  readonly source: string
  readonly isStream: boolean
  /** Its messages went out in Fink's form too, or are to. */
  readonly isFink?: boolean
}

export interface Filled {
  readonly parts: number
  readonly alerts: number
  /** Offsets of it that Kafka has deleted. */
  readonly lost: number
  readonly published: number
  /** Selected alerts that were in Kafka's topics already. */
  readonly there: number
  /** Selected alerts that are in none, though others of the same part are: --publish brings them. */
  readonly unpublished: number
  /** Selected alerts that became topic files of the lake. */
  readonly filed: number
  /** Of those published: some of their topics have lost messages by age, and may have had them. */
  readonly unsure: number
}

/** Where a gap can be filled from; null and why where it cannot. */
export async function inputFor(
  { kafka, archives }: Workshop,
  { source, first, last, isStream }: Gap
): Promise<{ input: 'kafka' | 'archive' | null; why: string; lost: number }> {
  const none = (why: string) => ({ input: null, why, lost: 0 })
  if (!isStream) {
    const { archive, why } = await archives.look(source)
    return archive ? { input: 'archive', why: '', lost: 0 } : none(why)
  }
  if (!kafka) return none('Kafka was not asked (--brokers)')
  const span = await kafka.span(source)
  if (!span) return none('Kafka has not the topic that the lake was filled from')
  if (span.stableEnd <= last) return none(`Kafka ends at offset ${span.stableEnd}`)
  return { input: 'kafka', why: '', lost: Math.max(0, Math.min(span.first, last + 1) - first) }
}

/** Takes in what is missing, as parts of their own. */
export async function fillGap(
  shop: Workshop,
  gap: Gap,
  input: 'kafka' | 'archive'
): Promise<Filled> {
  const { store, kafka } = shop
  await expectMissing(store, gap)
  const counts = { alerts: 0, lost: 0, published: 0, there: 0, unpublished: 0, filed: 0, unsure: 0 }
  const sum = { parts: 0, ...counts }
  const published = gap.isStream && kafka ? await kafka.published(gap.source, gap) : NOTHING
  await setMarksBack(store, gap.source, gap.first)
  for await (const range of rangesOf(shop, gap, input)) {
    const one = await fillRange(shop, range, published, gap.isFink ?? false)
    sum.parts++
    for (const key of Object.keys(one) as (keyof typeof one)[]) sum[key] += one[key]
  }
  if (sum.parts === 0) throw new SiskinError('nothing is there any more of what is missing')
  return sum
}

/** A run may have been at work since the lake was looked at. */
async function expectMissing(store: Store, { source, first, last }: Gap): Promise<void> {
  const there = await committedSpans(store, source)
  const taken = there.find((span) => span[0] <= last && span[1] >= first)
  if (!taken) return
  throw new SiskinError(
    `${taken[0]} to ${taken[1]} of ${source} are in the lake by now: what is still missing the next look tells`
  )
}

async function* rangesOf(
  { store, kafka, archives }: Workshop,
  { source, first, last }: Gap,
  input: 'kafka' | 'archive'
): AsyncGenerator<PacketRange, void> {
  if (input === 'archive') {
    const archive = await archives.find(source)
    for await (const range of rangesWithin(archive!, [{ first, last }])) {
      if (range.first >= first && lastOf(range) <= last) yield range
      else throw new SiskinError(`${archive!.path} has no packets that begin at ${first}`)
    }
    return
  }
  const begins = (await lastSpan(store, source)) === null
  for await (const fetched of kafka!.portions(source, { first, last }, begins)) {
    yield await rangeOf(fetched)
  }
}

const NOTHING: Published = { there: new Set(), aged: new Set() }

async function fillRange(
  shop: Workshop,
  range: PacketRange,
  { there, aged }: Published,
  isFink: boolean
): Promise<Omit<Filled, 'parts'>> {
  const { store, publisher, claims, onStep } = shop
  const { source, first } = range
  const last = lastOf(range)
  const { made, isPublished } = await makeRange(shop, range, there, isFink)
  const { record, files, messages } = made
  const topicOf = (message: SelectedMessage) => shop.kafka?.topicOf(message) ?? message.topic
  const missing = messages.filter((message) => {
    return !isPublished || !there.has(`${topicOf(message)} ${message.source}`)
  })
  const isMarked = shop.marks?.publishedAs({ source, first, last }) ?? null
  const isSent = publisher !== null && isMarked === null && record.stream !== undefined
  const check = async () => {
    await claims.check(source)
    if (await recordAt(store, source, { first, last })) {
      throw new SiskinError(`${record.part} is in the lake by now`)
    }
    if (!isSent) return
    await publisher.publish(record, missing)
    onStep('sent')
  }
  await land(store, { record, files, before: null }, check, onStep)
  const filed = files.filter(({ account }) => account.kind === 'topic')
  return {
    alerts: record.alerts,
    lost: record.stream?.lost ?? 0,
    published: isSent ? missing.length : 0,
    there: messages.length - missing.length,
    unpublished: isSent || isMarked !== null ? 0 : missing.length,
    filed: filed.reduce((sum, { account }) => sum + account.rows, 0),
    unsure: isSent ? missing.filter((message) => aged.has(topicOf(message))).length : 0
  }
}

/** What is in Kafka's topics, or goes there, does not become files. */
async function makeRange(
  { store, maker, publisher, marks, claims }: Workshop,
  range: PacketRange,
  there: ReadonlySet<string>,
  isFink: boolean
): Promise<{ readonly made: MadePart; readonly isPublished: boolean }> {
  const { source, first, messages } = range
  const last = lastOf(range)
  const isOwn = (name: string) => {
    const offset = Number.parseInt(name.slice(name.lastIndexOf('@') + 1), 10)
    return offset >= first && offset <= last
  }
  const isMarked = (marks?.publishedAs({ source, first, last }) ?? null) !== null
  const isPublished = messages !== undefined && (isMarked || [...there].some(isOwn))
  const isForKafka = isPublished || (messages !== undefined && publisher !== null)
  const form = publisher?.limits ?? { ...NOWHERE, fink: maker.fink(Number.POSITIVE_INFINITY) }
  const topics = isForKafka ? { ...form, fink: isFink ? form.fink : null } : 'files'
  const attempt = claims.newAttempt()
  const made = await maker.make(range, topics, attempt, onceEach())
  const known = await knownAlerts(store, made)
  if (known.size === 0) return { made, isPublished }
  return { made: await maker.make(range, topics, attempt, onceEach(known)), isPublished }
}
