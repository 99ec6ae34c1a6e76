import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { codeOf, messageOf, SiskinError, UsageError } from '../errors.ts'

/** `out.avro`, then `out-2.avro`, … */
export function nextName(path: string, before: number): string {
  return before === 0 ? path : path.replace(/(\.[^./]+)$/, `-${before + 1}$1`)
}

/** @throws UsageError for a file that is there, or a folder that is not. */
export async function checkTarget(path: string): Promise<void> {
  if (await stat(path).catch(() => null)) refused(path, { code: 'EEXIST' })
  if (!(await stat(dirname(path)).catch(() => null))) {
    throw new UsageError(`--save ${path}: there is no folder ${dirname(path)}`)
  }
}

/** Why a file cannot be written. @throws always. */
export function refused(path: string, error: unknown): never {
  if (codeOf(error) === 'EEXIST') {
    throw new UsageError(`--save ${path}: the file is there already; choose another name`)
  }
  throw new SiskinError(`--save ${path}: ${messageOf(error)}`, 1, { cause: error })
}
