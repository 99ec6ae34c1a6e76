import { dirname } from 'node:path/posix'
import { amount, are } from '../amount.ts'
import { isOfLost, lostNights, openLost } from '../close/lost.ts'
import type { LostNight } from '../close/lost.ts'
import { rebuildPack } from '../close/rebuild-pack.ts'
import { reopen, withoutFolded } from '../close/reopen.ts'
import { nightOfClosed } from '../lake/closed.ts'
import { blockOfFolder } from '../verify/file-check.ts'
import type { Finding } from '../verify/finding.ts'
import { ledgerPath } from '../lake/ledger.ts'
import type { PartFile, PartRecord } from '../lake/ledger.ts'
import { readBlock } from '../lake/ledger-walk.ts'
import { acknowledgeLoss, setMarksBack } from '../verify/proof-notes.ts'
import { readJson } from '../store/replace-file.ts'
import { moveAside, strayAside } from './land.ts'
import { fillGap, inputFor } from './fill-gap.ts'
import { finkOfGap, formOf } from './fink-of-gap.ts'
import type { Filled, Gap } from './fill-gap.ts'
import { layerAside, removeDraft, removeEmptyFolder, recoverSource } from './clean.ts'
import { mendPart, originFor } from './mend-part.ts'
import type { Origin } from './mend-part.ts'
import { aliasSteps, bookSteps, columnsSteps, indexSteps } from './own-steps.ts'
import { cannot, nameOf, step, unfinishedKey } from './step.ts'
import type { RepairStep } from './step.ts'
import type { Workshop } from './workshop.ts'

/** What is to be done about what was found, in the order in which it is to be done. */
export async function planOf(
  shop: Workshop,
  findings: readonly Finding[],
  gaps: readonly Gap[]
): Promise<RepairStep[]> {
  const of = <K extends Finding['kind']>(kind: K) =>
    findings
      .filter((finding): finding is Extract<Finding, { kind: K }> => finding.kind === kind)
      .sort((a, b) => (a.text < b.text ? -1 : 1))
  const lost = lostNights(findings)
  // what it hides looks like gaps and strangers: those are looked for when it is whole
  if (of('pack').length > 0) {
    return [
      ...lost.map((own) => lostNight(shop, own)),
      ...of('pack').map((pack) => packAnew(shop, pack))
    ]
  }
  return [
    ...staged(shop, [...of('attempt'), ...of('unplaced')]),
    ...lost.map((own) => lostNight(shop, own)),
    ...of('record')
      .filter(({ source }) => !nightOfClosed(source))
      .map(({ path, text, source }) =>
        step(text, 'it is moved aside, and what it stood for is taken in again', source, () =>
          recordAside(shop, source, path)
        )
      ),
    ...(await orphans(shop, of('orphan'), {
      isFirst: of('record').length + of('file').length + gaps.length === 0,
      unfinished: new Set(of('unfinished').map(({ source }) => source))
    })),
    ...of('foreign')
      .filter(({ path }) => !isOfLost(lost, path))
      .map(({ path, text }) =>
        step(text, 'it is moved aside to _siskin/foreign', sourceOf(path), () =>
          strayAside(shop.store, path)
        )
      ),
    ...(await damagedParts(shop, of('file'))),
    ...(await missing(shop, gaps)),
    ...of('lost').map(({ record, text }) =>
      step(text, 'it is kept in the lake that this is known', record.source, async () => {
        await acknowledgeLoss(shop.store, record)
        return 'acknowledged'
      })
    ),
    ...(await bookSteps(shop, of('book'))),
    ...aliasSteps(shop, of('alias')),
    ...columnsSteps(shop, of('columns')),
    ...indexSteps(shop, of('index')),
    ...of('draft').map(({ path, text }) =>
      step(text, 'it is removed', null, () => removeDraft(shop.store, path))
    ),
    ...of('empty')
      .filter(({ text }) => text !== '')
      .map(({ path, text }) =>
        step(text, 'it is removed', null, () => removeEmptyFolder(shop.store, path))
      ),
    ...of('unfinished')
      .filter(({ isDifference }) => isDifference)
      .map(({ text, source }) => cannot(text, NEVER_READ, source, unfinishedKey(source))),
    ...of('layer').map(({ text, orphan }) =>
      orphan
        ? step(text, 'it is moved aside', null, () => layerAside(shop, orphan))
        : cannot(text, 'a layer is made again by siskin reprocess, and not by repair')
    ),
    ...of('other').map(({ text }) =>
      cannot(text, 'nothing is missing that could be made again; it is only told')
    )
  ]
}

const NEVER_READ =
  'what was never read cannot be mended: siskin run takes it in; --abandon where its archive is gone for ever'

/** The source whose parts may come to name a file or a folder; null: none may. */
function sourceOf(path: string): string | null {
  return (blockOfFolder(path) ?? blockOfFolder(dirname(path)))?.source ?? null
}

/** It may have been written anew since it was looked at. */
async function recordAside({ store }: Workshop, source: string, path: string): Promise<string> {
  const { bad } = await readBlock(store, { source, block: 0, folder: dirname(path) })
  if (!bad.some((one) => one.path === path)) return 'it can be read by now: left alone'
  await moveAside(store, path)
  return 'moved aside'
}

interface OrphanRules {
  /** Nothing else is missing: originals may lie in what is mended before. */
  readonly isFirst: boolean
  readonly unfinished: ReadonlySet<string>
}

/**
 * A part of a file is taken in again as a gap is: first its record goes. A sound part from Kafka stays, for what Kafka
 * does not have any more would go with it.
 */
async function orphans(
  shop: Workshop,
  found: readonly Extract<Finding, { kind: 'orphan' }>[],
  { isFirst, unfinished }: OrphanRules
): Promise<RepairStep[]> {
  const steps: RepairStep[] = []
  for (const { record, text } of found) {
    const { source, isStream } = record
    const { input, why } = await inputFor(shop, record)
    if (isStream)
      steps.push(cannot(text, 'its originals came by another way: take that in again', source))
    else if (unfinished.has(source))
      steps.push(cannot(text, 'its source is to be run to its end first', source))
    else if (!isFirst)
      steps.push(cannot(text, 'what else is missing is mended first: repair again', source))
    else if (input === null) steps.push(cannot(text, why, source))
    else {
      const how = 'its record is moved aside, and what it stood for is taken in again'
      steps.push(step(text, how, source, () => recordOut(shop, record)))
    }
  }
  return steps
}

async function recordOut(
  { store }: Workshop,
  record: Extract<Finding, { kind: 'orphan' }>['record']
): Promise<string> {
  const path = ledgerPath(record.source, record.first, record.last)
  const now = await readJson<PartRecord>(store, path)
  if (now?.attempt !== record.attempt) return 'it was made anew meanwhile: left alone'
  await setMarksBack(store, record.source, record.first)
  await moveAside(store, path)
  return 'moved aside'
}

/** One step a source, however many attempts lie there. */
function staged(
  shop: Workshop,
  found: readonly Extract<Finding, { kind: 'attempt' | 'unplaced' }>[]
): RepairStep[] {
  const bySource = Map.groupBy(found, (finding) =>
    finding.kind === 'attempt' ? finding.source : finding.record.source
  )
  return [...bySource].map(([source, own]) =>
    step(
      own.length === 1 ? own[0]!.text : `${own[0]!.text}; and ${own.length - 1} more of ${source}`,
      'what was committed is put into its place, the rest removed',
      source,
      () => recoverSource(shop, source)
    )
  )
}

function packAnew(
  { store, claims }: Workshop,
  { text, source, path }: Extract<Finding, { kind: 'pack' }>
): RepairStep {
  const how =
    'its records are laid together anew, of what can be read and what _siskin/closed tells'
  return step(text, how, source, () => rebuildPack(store, source, path, () => claims.check(source)))
}

function lostNight({ store }: Workshop, lost: LostNight): RepairStep {
  const how = 'the night is opened again, of what is kept of its parts'
  return step(lost.text, how, lost.source, async () => {
    const done = await openLost(store, lost, (path) => moveAside(store, path))
    return done ?? 'it can be read by now: left alone'
  })
}

const FROM: Record<Origin, string> = {
  packets: 'the packets that the lake keeps',
  kafka: 'Kafka',
  archive: 'the archive it came from'
}

/** One step a part. */
async function damagedParts(
  shop: Workshop,
  found: readonly Extract<Finding, { kind: 'file' }>[]
): Promise<RepairStep[]> {
  const steps: RepairStep[] = []
  const parts = Map.groupBy(found, ({ record }) => `${record.source} ${record.first}`)
  for (const own of parts.values()) {
    const [{ record }] = own as [(typeof own)[0]]
    const what = own.map(({ text }) => text).join('; ')
    const faulty = own.map(({ file }) => file)
    steps.push(await damagedPart(shop, record, faulty, what))
  }
  return steps
}

async function damagedPart(
  shop: Workshop,
  record: PartRecord,
  faulty: readonly PartFile[],
  what: string
): Promise<RepairStep> {
  const aside = (path: string) => moveAside(shop.store, path)
  if (record.closes && faulty.every(({ kind }) => kind === 'folded')) {
    const how = 'it is moved aside; were the night opened again, its layers would have to be made'
    return step(what, how, record.source, () => withoutFolded(shop.store, record, aside))
  }
  if (record.closes) {
    const how =
      'the night is opened again: its parts get back what is whole, and the rest is made again'
    return step(what, how, record.source, () => reopen(shop.store, record, aside))
  }
  const { origin, why } = await originFor(shop, record, faulty)
  if (origin === null) return cannot(what, why, record.source)
  const how = `part ${nameOf(record)} is made again from ${FROM[origin]}`
  return step(what, how, record.source, async () => {
    await setMarksBack(shop.store, record.source, record.first)
    return mendPart(shop, record, faulty, origin)
  })
}

async function missing(shop: Workshop, gaps: readonly Gap[]): Promise<RepairStep[]> {
  const steps: RepairStep[] = []
  for (const gap of gaps) {
    const { source, first, last, isStream } = gap
    const what = `source ${source}: ${isStream ? 'offsets' : 'packets'} ${first} to ${last} are in no part`
    const { input, why, lost } = await inputFor(shop, gap)
    if (input === null) {
      steps.push(cannot(what, why, source))
      continue
    }
    const asked = shop.kafka?.hasFink ?? false
    const form = formOf(isStream ? await finkOfGap(shop.store, gap) : 'no', asked)
    if (isStream && form.why !== null) {
      steps.push(cannot(what, form.why, source))
      continue
    }
    const from = input === 'kafka' ? 'Kafka' : 'the archive it came from'
    const less = lost > 0 ? `; ${lost} of them Kafka has deleted: they count as lost` : ''
    const topics = !isStream
      ? ''
      : shop.publisher
        ? '; the selected alerts go to Kafka’s topics, as far as they are not there'
        : '; the selected alerts become topic files of the lake (with --publish they go to Kafka), unless Kafka’s topics hold them'
    const how = `they are taken in from ${from}${less}${topics}${isStream ? form.told : ''}`
    const whole = { ...gap, isFink: form.isFink }
    steps.push(step(what, how, source, async () => tellFilled(await fillGap(shop, whole, input))))
  }
  return steps
}

function tellFilled(filled: Filled): string {
  const { parts, alerts, lost, published, there, unpublished, filed, unsure } = filled
  const told = [`${amount(alerts, 'alert')} in ${amount(parts, 'part')}`]
  if (lost > 0) told.push(`${amount(lost, 'offset')} ${are(lost)} lost`)
  if (published > 0) told.push(`${amount(published, 'message')} published`)
  if (unsure > 0) {
    told.push(
      `of ${unsure} of these it cannot be known if they had been there: their topics have lost messages by age`
    )
  }
  if (there > 0) told.push(`${amount(there, 'message')} in Kafka’s topics already`)
  if (unpublished > 0) told.push(`${amount(unpublished, 'message')} missing there`)
  if (filed > 0) told.push(`${amount(filed, 'selected alert')} in topic files of the lake`)
  return told.join(', ')
}
