import { rebuildIndex } from '../duplicates/rebuild.ts'
import { meantBy, SiskinError, UsageError } from '../errors.ts'
import type { Finding } from '../verify/finding.ts'
import { repairDrafts } from '../lake/repair-folder.ts'
import { isTold, remembered } from '../verify/source-counts.ts'
import type { Store } from '../store/store.ts'
import { sourceBook } from '../run/claimed-sources.ts'
import { moveAside } from './land.ts'
import { cannot, step, unfinishedKey } from './step.ts'
import type { RepairStep } from './step.ts'
import type { Workshop } from './workshop.ts'

/*
 * What is missing of a source whose archive is gone for ever is given up: the lake remembers that somebody said so, and
 * of which positions. Should the archive turn up, a run goes on with it all the same.
 */

/** @throws UsageError for a name that the lake remembers no files by. */
export async function expectAbandonable(store: Store, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const known = await remembered(store, name)
    if (known && isTold(known)) continue
    const all = await sourceBook(store).names()
    throw new UsageError(
      `--abandon ${name}: the lake ${store.root} remembers no archive or folder under this name${meantBy(name, all)}; siskin verify names what is not finished`
    )
  }
}

type Missing = Extract<Finding, { kind: 'unfinished' | 'gap' }>

export async function abandonSteps(
  shop: Workshop,
  names: readonly string[],
  findings: readonly Finding[]
): Promise<RepairStep[]> {
  const steps: RepairStep[] = []
  for (const name of names) {
    const own = findings.filter(
      (one): one is Missing =>
        (one.kind === 'unfinished' || one.kind === 'gap') && one.source === name
    )
    const open = own.filter(({ isDifference }) => isDifference)
    const key = unfinishedKey(name)
    const looked = open.length > 0 ? await shop.archives.look(name) : null
    if (!looked) {
      steps.push(cannot(`source ${name}`, whyNothing(own), name, key))
    } else if (looked.isFault) {
      steps.push(cannot(textOf(open), looked.why, name, key))
    } else if (looked.archive) {
      const why = `its archive is at hand: siskin run ${looked.archive.path} takes it in`
      steps.push(cannot(textOf(open), why, name, key))
    } else {
      const how =
        'what is missing of it is given up: verify tells it as a note; siskin run goes on with its archive, should it turn up'
      steps.push({ ...step(textOf(open), how, name, () => abandon(shop, name, own)), key })
    }
  }
  return steps
}

function textOf(findings: readonly Missing[]): string {
  return findings.map(({ text }) => text).join('; ')
}

function whyNothing([told]: readonly Missing[]): string {
  return told ? `nothing is to be given up: ${told.text}` : 'nothing of it is missing'
}

async function abandon(
  { store }: Workshop,
  name: string,
  findings: readonly Missing[]
): Promise<string> {
  const book = sourceBook(store)
  const record = await book.load(name)
  if (record?.kind !== 'file' && record?.kind !== 'folder') {
    throw new SiskinError(`what the lake remembers of ${name} changed meanwhile`)
  }
  const missing = findings.flatMap((finding): [number, number][] =>
    finding.kind === 'gap' ? [[finding.first, finding.last]] : []
  )
  await book.save({ ...record, abandoned: { at: new Date().toISOString(), missing } })
  // no run comes to do it, and of what is lost the index is not to say that it is there
  const discard = async (path: string) => void (await moveAside(store, path))
  await rebuildIndex(store, name, repairDrafts(name), discard)
  return 'abandoned'
}
