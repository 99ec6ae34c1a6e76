import { amount, are } from '../amount.ts'
import { rebuildIndex } from '../duplicates/rebuild.ts'
import type { Finding } from '../verify/finding.ts'
import { documentOf } from '../lake/kept-columns.ts'
import { ledgerSources } from '../lake/ledger-walk.ts'
import { repairDrafts } from '../lake/repair-folder.ts'
import { replaceBytes } from '../store/replace-file.ts'
import { sourceBook } from '../run/claimed-sources.ts'
import { moveAside } from './land.ts'
import { cannot, step } from './step.ts'
import type { RepairStep } from './step.ts'
import type { Workshop } from './workshop.ts'

type Of<K extends Finding['kind']> = Extract<Finding, { kind: K }>

/** One step a source: its index is made again as a whole, of what the ledger has by then. */
export function indexSteps({ store }: Workshop, found: readonly Of<'index'>[]): RepairStep[] {
  return [...Map.groupBy(found, ({ source }) => source)].map(([source, own]) =>
    step(
      own.map(({ text }) => text).join('; '),
      `the index of copies of ${source} is made again from the ledger`,
      source,
      async () => {
        const discard = async (path: string) => void (await moveAside(store, path))
        const marks = await rebuildIndex(store, source, repairDrafts(source), discard)
        return `${amount(marks, 'alert')} ${are(marks)} in the index`
      }
    )
  )
}

/** What was known of a source: from its archive where that is at hand, else only that it was known. */
export async function bookSteps(
  shop: Workshop,
  found: readonly Of<'book'>[]
): Promise<RepairStep[]> {
  const { store, archives } = shop
  const steps: RepairStep[] = []
  const inLedger = new Set(await ledgerSources(store))
  for (const { source, path, text, isDifference } of found) {
    const isKnown = inLedger.has(source)
    const looked = isKnown ? await archives.look(source) : null
    const archive = looked?.archive?.path ?? null
    if (looked?.isFault) steps.push(cannot(text, looked.why, source))
    if (looked?.isFault || (!archive && !isDifference)) continue // all else that is known is kept already
    const how = archive
      ? `it is learnt again from ${archive}`
      : isKnown
        ? 'what the ledger knows of it is kept; --source with its archive tells the rest'
        : 'it is moved aside: nothing of the source is in the lake'
    const run = async () => {
      if (path !== null) await moveAside(store, path)
      if (!isKnown) return 'moved aside'
      await sourceBook(store).save({ kind: 'lost', name: source })
      if (!archive) return 'that it is in the lake is kept'
      const count = await archives.learn(archive, source)
      return count === null
        ? 'learnt again; it breaks off'
        : `learnt again: ${amount(count, 'packet')}`
    }
    steps.push(step(text, how, source, run))
  }
  return steps
}

export function aliasSteps({ store }: Workshop, found: readonly Of<'alias'>[]): RepairStep[] {
  return found.map(({ source, alias, text }) =>
    step(text, 'it is written again', source, async () => {
      await sourceBook(store).save({ kind: 'alias', name: alias, of: source })
      return 'written again'
    })
  )
}

export function columnsSteps(
  { store, maker }: Workshop,
  found: readonly Of<'columns'>[]
): RepairStep[] {
  return found.map(({ path, isThere, modules, text }) => {
    const aside = async () => void (isThere && (await moveAside(store, path)))
    if (modules === null) {
      return step(text, 'it is moved aside: no file names it', null, async () => {
        await aside()
        return 'moved aside'
      })
    }
    const document = documentOf(path, [maker.columns, maker.columnsOf(modules)])
    if (document === null) {
      const why = `the modules of now (of ${modules.join(', ')}) make other columns: put ${path} of another lake that they filled there, or run siskin repair with the modules of then`
      return cannot(text, why)
    }
    return step(text, 'it is made again from the modules', null, async () => {
      await aside()
      await replaceBytes(store, path, Buffer.from(document))
      return 'made again'
    })
  })
}
