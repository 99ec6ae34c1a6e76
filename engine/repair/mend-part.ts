import { amount } from '../amount.ts'
import type { Survey } from '../contract/index.ts'
import { SiskinError } from '../errors.ts'
import type { PacketRange } from '../packets.ts'
import { lastOf } from '../packets.ts'
import { isOfNight } from '../lake/closed.ts'
import { faultOf } from '../verify/file-content.ts'
import { recordAt } from '../lake/records.ts'
import type { PartFile, PartRecord } from '../lake/ledger.ts'
import type { MadePart } from '../pipeline.ts'
import { rangeOf } from '../stream/member/range.ts'
import { rangesExactly } from './inputs/archive-input.ts'
import { knownAlerts } from './known-alerts.ts'
import { land, restore, sameFiles } from './land.ts'
import { NOWHERE, onceEach } from './maker.ts'
import type { Claim } from './maker.ts'
import { requeuedFrom } from './requeued.ts'
import { hasPackets, storedRange } from './stored.ts'
import type { Workshop } from './workshop.ts'

/** Where the packets of a part come from when it is made again. */
export type Origin = 'packets' | 'kafka' | 'archive'

/** Its messages are in Kafka's topics, not in files of the lake. */
function isPublished({ stream, files }: PartRecord): boolean {
  return stream !== undefined && !files.some(({ kind }) => kind === 'topic')
}

/** Where the part can be made again from; null and why where it cannot. */
export async function originFor(
  { store, kafka, archives }: Workshop,
  record: PartRecord,
  faulty: readonly PartFile[]
): Promise<{ origin: Origin | null; why: string }> {
  const { source, first, requeued, closedIn } = record
  const hasQuarantine = !closedIn && !faulty.some(({ kind }) => kind === 'quarantine')
  if (hasQuarantine && (await hasPackets(store, record))) return { origin: 'packets', why: '' }
  if (requeued) {
    return {
      origin: null,
      why: 'its packets are in quarantine: remove its record, then siskin requeue'
    }
  }
  if (record.stream) {
    if (!kafka)
      return {
        origin: null,
        why: 'its packets are damaged too, and Kafka was not asked (--brokers)'
      }
    const span = await kafka.span(source)
    if (!span)
      return {
        origin: null,
        why: `its packets are damaged too, and Kafka has not the topic it came from`
      }
    if (span.first > first)
      return {
        origin: null,
        why: 'its packets are damaged too, and Kafka has deleted its messages'
      }
    return { origin: 'kafka', why: '' }
  }
  const { archive, why } = await archives.look(source)
  if (archive) return { origin: 'archive', why: '' }
  return { origin: null, why: `its packets are damaged too, and ${why}` }
}

/** Makes a part again of which files are missing or damaged, and puts it in the place of what is there. */
export async function mendPart(
  shop: Workshop,
  part: PartRecord,
  faulty: readonly PartFile[],
  origin: Origin
): Promise<string> {
  const { store, claims, onStep } = shop
  const { source, first, last } = part
  const record = await recordAt(store, source, { first, last })
  if (record?.attempt !== part.attempt) return 'it was made anew meanwhile'
  const attempt = claims.newAttempt()
  const range = await rangeFor(shop, record, origin)
  const made = withoutClosed(await makeAgain(shop, record, range, attempt, origin), record)
  const same = sameFiles(made.files, faulty)
  const check = () => claims.check(source)
  if (same) {
    await check()
    await restore(store, record, attempt, same, onStep)
    return same.length === 1
      ? '1 file is back as it was'
      : `${same.length} files are back as they were`
  }
  const merged = await mergedRecord(shop, record, made, origin)
  await land(store, { record: merged, files: filesOf(made, merged), before: record }, check, onStep)
  return 'it is made anew, with the modules of now'
}

async function rangeFor(
  { store, kafka, archives }: Workshop,
  record: PartRecord,
  origin: Origin
): Promise<PacketRange> {
  const { source, first, last, stream } = record
  if (origin === 'packets') return storedRange(store, record)
  if (origin === 'archive') {
    const archive = await archives.find(source)
    for await (const range of rangesExactly(archive!, [{ first, last }])) {
      if (range.first === first && lastOf(range) === last) return range
    }
    throw new SiskinError(`${archive!.path} does not give the packets ${first} to ${last}`)
  }
  const portions = await Array.fromAsync(kafka!.portions(source, { first, last }, stream!.begins))
  const [only] = portions
  if (portions.length !== 1 || !only || only.lost > 0) {
    throw new SiskinError(`Kafka does not give the offsets ${first} to ${last} at once any more`)
  }
  return rangeOf({ ...only, lost: stream!.lost, generation: stream!.generation })
}

/** What lies in a closed night is not made beside it. */
function withoutClosed(made: MadePart, { closedIn }: PartRecord): MadePart {
  if (!closedIn) return made
  const keys = Object.keys(closedIn)
  const isOpen = (file: { readonly path: string }) => !keys.some((key) => isOfNight(file, key))
  const files = made.record.files.filter(isOpen)
  return { ...made, files: made.files.filter(isOpen), record: { ...made.record, files, closedIn } }
}

/** What was a duplicate of an alert elsewhere is one again. */
async function makeAgain(
  { store, maker }: Workshop,
  record: PartRecord,
  range: PacketRange,
  attempt: string,
  origin: Origin
): Promise<MadePart> {
  const topics = isPublished(record) ? NOWHERE : 'files'
  const isStored = origin === 'packets'
  const form = {
    compressed: compressedIn(record),
    withInjected: record.injected?.published === true
  }
  const make = (claim: Claim) => maker.make(range, topics, attempt, claim, null, form)
  const made = await make(isStored ? () => 'new' : onceEach())
  if (isStored || record.duplicates === made.record.duplicates) return made
  const known = await knownAlerts(store, made)
  return known.size === 0 ? made : make(onceEach(known))
}

/** Surveys whose packets the part keeps compressed. */
function compressedIn({ files }: PartRecord): ReadonlySet<Survey> {
  const own = files.filter(({ codec }) => codec !== undefined)
  return new Set(own.map(({ path }) => path.slice(0, path.indexOf('/')) as Survey))
}

/**
 * The record of a part that was made again. What it was made of does not tell everything: what was published stays, and
 * from packets of the lake nothing is learned of what was in quarantine or a duplicate.
 * @throws SiskinError where the part would lose something.
 */
async function mergedRecord(
  { store }: Workshop,
  before: PartRecord,
  { record }: MadePart,
  origin: Origin
): Promise<PartRecord> {
  const { received, alerts, duplicates, quarantined, filters, stream, requeued } = before
  if (record.received !== received) {
    throw new SiskinError(`it holds ${amount(record.received, 'packet')} now, and ${received} came`)
  }
  const kept = {
    ...(stream && { stream }),
    ...(requeued && { requeued }),
    ...(isPublished(before) && { filters })
  }
  if (origin !== 'packets') {
    if (record.alerts + record.duplicates < alerts + duplicates) {
      throw new SiskinError(`${amount(alerts, 'alert')} came of it before, ${record.alerts} now`)
    }
    const isOther = JSON.stringify(record.quarantined) !== JSON.stringify(quarantined)
    if (isOther && (await requeuedFrom(store, before)).length > 0) {
      throw new SiskinError('packets of its quarantine were requeued, and it is another one now')
    }
    return { ...record, ...kept }
  }
  if (record.alerts !== alerts) {
    throw new SiskinError(
      `of its ${amount(alerts, 'packet')} only ${record.alerts} can be decoded now`
    )
  }
  const quarantine = before.files.filter(({ kind }) => kind === 'quarantine')
  for (const file of quarantine) {
    const size = await store.size(file.path)
    const fault = size === null ? `${file.path} is missing` : await faultOf(store, file, size, true)
    if (fault !== null) throw new SiskinError(fault)
  }
  const files = [...record.files, ...quarantine]
  const copies = before.copies && { copies: before.copies } // its duplicates are in no packet file
  return { ...record, ...kept, ...copies, received, duplicates, quarantined, files }
}

/** Those that are to be staged: a quarantine that is kept is in its place. */
function filesOf({ files }: MadePart, record: PartRecord) {
  const named = new Set(record.files.map(({ path }) => path))
  return files.filter(({ path }) => named.has(path))
}
