import { SiskinError } from '../errors.ts'
import type { PacketRange } from '../packets.ts'
import { lastOf } from '../packets.ts'
import { lastSpan, ledgerPath } from '../persist/ledger.ts'
import type { PositionSpan } from '../persist/ledger.ts'
import { setMarksBack } from '../persist/proof-notes.ts'
import { readJson } from '../persist/replace-file.ts'
import type { MadePart } from '../pipeline.ts'
import { rangeOf } from '../stream/range.ts'
import { rangesWithin } from './archive-input.ts'
import { knownAlerts } from './known-alerts.ts'
import { land } from './land.ts'
import { NOWHERE, onceEach } from './maker.ts'
import type { Workshop } from './workshop.ts'

/** Positions of a source that are in no part. */
export interface Gap extends PositionSpan {
  readonly source: string
  readonly isStream: boolean
}

export interface Filled {
  readonly parts: number
  readonly alerts: number
  /** Offsets of it that Kafka has deleted. */
  readonly lost: number
  readonly published: number
  /** Selected alerts that became topic files of the lake. */
  readonly filed: number
}

/** Where a gap can be filled from; null and why where it cannot. */
export async function inputFor(
  { kafka, archives }: Workshop,
  { source, first, last, isStream }: Gap
): Promise<{ input: 'kafka' | 'archive' | null; why: string; lost: number }> {
  const none = (why: string) => ({ input: null, why, lost: 0 })
  if (!isStream) {
    const archive = await archives.find(source)
    if (archive) return { input: 'archive', why: '', lost: 0 }
    return none(`the archive of ${source} is not at hand: name it with --source, or run it again`)
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
  const { store } = shop
  const filled = { parts: 0, alerts: 0, lost: 0, published: 0, filed: 0 }
  await setMarksBack(store, gap.source, gap.first)
  for await (const range of rangesOf(shop, gap, input)) {
    const { record, messages } = await fillRange(shop, range)
    const selected = Object.values(record.filters).reduce(
      (sum, { published }) => sum + published,
      0
    )
    filled.parts++
    filled.alerts += record.alerts
    filled.lost += record.stream?.lost ?? 0
    if (shop.publisher && record.stream) filled.published += messages.length
    else filled.filed += selected
  }
  if (filled.parts === 0) throw new SiskinError('nothing is there any more of what is missing')
  return filled
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

async function fillRange(shop: Workshop, range: PacketRange): Promise<MadePart> {
  const { store, maker, publisher, marks, claims, onStep } = shop
  const { source, first } = range
  const last = lastOf(range)
  const attempt = claims.newAttempt()
  const isStream = range.messages !== undefined
  const isPublished = isStream && (marks?.publishedAs({ source, first, last }) ?? null) !== null
  const topics = isPublished ? NOWHERE : isStream && publisher ? publisher.limits : 'files'
  let made = await maker.make(range, topics, attempt, onceEach())
  const known = await knownAlerts(store, made)
  if (known.size > 0) made = await maker.make(range, topics, attempt, onceEach(known))
  const { record, files, messages } = made
  const check = async () => {
    await claims.check(source)
    if (await readJson(store, ledgerPath(source, first, last))) {
      throw new SiskinError(`${record.part} is in the lake by now`)
    }
    if (isStream && publisher && !isPublished) {
      await publisher.publish(record, messages)
      onStep('sent')
    }
  }
  await land(store, { record, files, before: null }, check, onStep)
  return made
}
