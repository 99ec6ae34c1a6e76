import { setTimeout as delay } from 'node:timers/promises'
import { amount } from '../amount.ts'
import { SiskinError } from '../errors.ts'
import { attemptsAt } from '../lake/two-phase-commit.ts'
import { recover } from '../lake/file-commit.ts'
import { layerOf, layerText } from '../lake/layer-name.ts'
import { ledgerPath } from '../lake/ledger.ts'
import type { PartRecord } from '../lake/ledger.ts'
import { readJson } from '../store/replace-file.ts'
import type { Store } from '../store/store.ts'
import { recoverPartition } from '../stream/commit/recovery.ts'
import { moveAside, strayAside } from './land.ts'
import type { Workshop } from './workshop.ts'

/** Nobody is at work on the source, so all that lies staged is older. */
const NEWEST = Number.MAX_SAFE_INTEGER

/** Brings what earlier runs or members of a source left staged to its end, as their successors would. */
export async function recoverSource(shop: Workshop, source: string): Promise<string> {
  const attempts = await attemptsAt(shop.store, source)
  const isStream = attempts.some(({ attempt }) => /^g\d+-/.test(attempt))
  if (isStream) return recoverStaged(shop, source)
  const { finished, dropped } = await recover(shop.store, source, NEWEST)
  return `${finished.length} commits finished, ${dropped.length} unfinished parts removed`
}

/**
 * The order matters: attempts that are listed while the group has no member afterwards can never be committed any
 * more, and what was committed of them is in the positions that are asked for last.
 */
async function recoverStaged({ store, kafka }: Workshop, source: string): Promise<string> {
  if (!kafka) throw new SiskinError('Kafka knows if it counts, and was not asked (--brokers)')
  const attempts = await attemptsAt(store, source)
  const members = await kafka.members()
  if (members > 0) throw new SiskinError(`group ${kafka.group} is at work: its members recover it`)
  const position = (await kafka.positions()).get(source) ?? null
  if (position === null) {
    throw new SiskinError(`group ${kafka.group} has no position of ${source}: is --group right?`)
  }
  const { finished, dropped } = await recoverPartition(
    store,
    source,
    { position, generation: NEWEST },
    attempts
  )
  return `${amount(finished.length, 'part')} placed, ${dropped.length} that did not count removed`
}

/** What a layer has of a part that is none any more: whoever reads the layer would find what is nowhere else, or twice. */
export async function layerAside({ store, claims }: Workshop, orphan: PartRecord): Promise<string> {
  const { source, first, last, files } = orphan
  const own = layerOf(source)
  if (!own) return 'it is of no layer: left alone'
  await claims.take(layerText(own.layer))
  const record = await readJson<PartRecord>(store, ledgerPath(source, first, last))
  const isThere = (await store.size(ledgerPath(own.source, first, last))) !== null
  if (isThere || record?.attempt !== orphan.attempt) return 'it was made anew meanwhile: left alone'
  await moveAside(store, ledgerPath(source, first, last))
  for (const { path } of files) await strayAside(store, path)
  return 'moved aside'
}

const UNTOUCHED_MS = 5000

/** A file that its writer died over does not grow, and keeps its name. */
export async function removeDraft(store: Store, path: string): Promise<string> {
  const before = await sizeOf(store, path)
  if (before === null) return 'it is gone'
  await delay(UNTOUCHED_MS)
  if ((await sizeOf(store, path)) !== before) return 'somebody is at work on it: left alone'
  await store.remove(path)
  return 'removed'
}

/** Also of a file that the store hides. */
async function sizeOf(store: Store, path: string): Promise<number | null> {
  const folder = path.slice(0, path.lastIndexOf('/'))
  const found = (await store.list(folder, true)).find((file) => file.path === path)
  return found?.size ?? null
}

/** With all that is below it, as long as no file is. */
export async function removeEmptyFolder(store: Store, folder: string): Promise<string> {
  for (const { name, isFolder } of await store.entries(folder)) {
    if (isFolder) await removeEmptyFolder(store, `${folder}/${name}`)
  }
  const isGone = (await store.removeEmpty?.(folder)) ?? false
  return isGone ? 'removed' : 'something is in it by now: left alone'
}
