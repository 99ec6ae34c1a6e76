import type { AttemptName } from './two-phase-commit.ts'
import { OWN, rangeName, spanOfRange } from './ledger.ts'

/** What repairs stage: apart from all other attempts, so that nobody who recovers those touches it. */
export const REPAIRS = `${OWN}/repair`

export function repairFolder({ source, attempt, first, last }: AttemptName): string {
  return `${REPAIRS}/${source}/${attempt}/${rangeName(first, last)}`
}

/** An attempt of a repair as it lies staged. */
export interface StagedRepair extends AttemptName {
  readonly folder: string
}

/** `repair7/12`: two folders. */
const ATTEMPT_FOLDERS = 2

/**
 * The attempt that a path below `REPAIRS` is of; null: none. Told by how deep each folder lies: a source may be called
 * as a range is, or as a repair.
 */
export function stagedRepair(path: string): StagedRepair | null {
  const folders = path.slice(REPAIRS.length + 1).split('/')
  const [source = '', ...rest] = folders
  const attempt = rest.slice(0, ATTEMPT_FOLDERS).join('/')
  const range = rest[ATTEMPT_FOLDERS]
  const span = range === undefined ? null : spanOfRange(range)
  if (!span || rest.length < ATTEMPT_FOLDERS + 2) return null
  return { source, attempt, ...span, folder: `${REPAIRS}/${source}/${attempt}/${range}` }
}

/** Where a repair writes files of the index of copies: what others write of the source lies elsewhere. */
export function repairDrafts(source: string): string {
  return `${REPAIRS}/${source}/seen`
}
