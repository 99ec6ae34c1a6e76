import type { AttemptName } from './attempt.ts'
import { OWN, rangeName } from './ledger.ts'

/** What repairs stage: apart from all other attempts, so that nobody who recovers those touches it. */
export const REPAIRS = `${OWN}/repair`

export function repairFolder({ source, attempt, first, last }: AttemptName): string {
  return `${REPAIRS}/${source}/${attempt}/${rangeName(first, last)}`
}

/** Where a repair writes files of the index of copies: what others write of the source lies elsewhere. */
export function repairDrafts(source: string): string {
  return `${REPAIRS}/${source}/seen`
}
