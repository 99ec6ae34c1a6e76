import { codeOf } from '../errors.ts'

/** What a store's errors say of the file system's refusal; undefined for errors of another kind. */
function refusalOf(error: unknown): string | undefined {
  return codeOf(error) ?? codeOf((error as Error | undefined)?.cause)
}

/** What was to be read or moved is not there. */
export function isMissing(error: unknown): boolean {
  return refusalOf(error) === 'ENOENT'
}

/** The name is taken already. */
export function isTaken(error: unknown): boolean {
  return refusalOf(error) === 'EEXIST'
}

/** Refusals that say something of one name or one file; any other may be the store's own state. */
const OF_ONE_FILE = ['ENAMETOOLONG', 'EINVAL', 'EEXIST', 'EISDIR', 'ENOTDIR', 'ERANGE', 'ENOENT']

/**
 * True when the store as a whole does not take anything now (full, down, not permitted): no fault of
 * what was to be written, and worth waiting for.
 */
export function isOutage(error: unknown): boolean {
  const code = refusalOf(error)
  return code !== undefined && !OF_ONE_FILE.includes(code)
}
