import type { OnFinding } from './finding.ts'
import { closedSource } from '../lake/closed.ts'
import { unfenced } from '../lake/file-commit.ts'
import { layerOfPath } from '../lake/layer-name.ts'
import type { PartFile, PartRecord } from '../lake/ledger.ts'
import { recordAt } from '../lake/records.ts'
import { CLOSING, isClaimed } from '../lake/run-claim.ts'
import { attemptsAt } from '../lake/two-phase-commit.ts'
import type { Store } from '../store/store.ts'

interface Own {
  readonly file: PartFile
  readonly record: PartRecord
}

/** A close that counts and has not come to its end. */
interface Closing {
  readonly source: string
  readonly folder: string
  /** Somebody is at work on it. */
  readonly isLive: boolean
}

/** The close that a file or a folder of a night may be part of; null: there is none. */
export async function closingOf(store: Store, path: string): Promise<Closing | null> {
  const [, root = '', night] = /^([^/]+)\/.*night=(\d{8})/.exec(`${path}/`) ?? []
  if (night === undefined) return null
  for (const survey of ['ztf', 'lsst'] as const) {
    if (root !== survey && root !== 'topics') continue
    const source = closedSource(survey, Number(night))
    for (const { folder, attempt, first, last } of await attemptsAt(store, source)) {
      const record = await recordAt(store, source, { first, last })
      if (record?.attempt !== unfenced(attempt)) continue
      return { source, folder, isLive: await isClaimed(store, CLOSING) }
    }
  }
  return null
}

/** Files that are not there and should be: not those that went into a closed night since the ledger was read, or are about to. */
export async function notClosed<T extends Own>(
  store: Store,
  files: readonly T[],
  onFinding: OnFinding
): Promise<T[]> {
  const missing: T[] = []
  const told = new Set<string>()
  for (const own of files) {
    const { record, file } = own
    if (record.closes === undefined) {
      const now = await recordAt(store, record.source, record).catch(() => record)
      const isNamed =
        now?.files.some(({ path }) => path === file.path) ?? layerOfPath(file.path) === null
      if (!isNamed) continue
    }
    const closing = record.closes === undefined ? await closingOf(store, file.path) : null
    if (!closing) {
      missing.push(own)
      continue
    }
    const { source, folder, isLive } = closing
    if (told.has(folder)) continue
    told.add(folder)
    const text = isLive
      ? `${file.path} and others go into a closed night at this moment`
      : `${file.path} and others went with a close that was cut off: the next siskin close, or siskin repair, brings it to its end`
    onFinding({ kind: 'attempt', source, folder, text, isDifference: !isLive })
  }
  return missing
}
