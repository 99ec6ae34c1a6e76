import { open, rename, rm, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { codeOf, messageOf, SiskinError, UsageError } from '../../errors.ts'

/** `out.avro`, then `out-2.avro`, … */
export function nextName(path: string, before: number): string {
  return before === 0 ? path : path.replace(/(\.[^./]+)$/, `-${before + 1}$1`)
}

/** @throws UsageError for a file that is there, or a folder that is not. */
export async function checkTarget(path: string, flag = '--save'): Promise<void> {
  if (await stat(path).catch(() => null)) refused(path, { code: 'EEXIST' }, flag)
  if (!(await stat(dirname(path)).catch(() => null))) {
    throw new UsageError(`${flag} ${path}: there is no folder ${dirname(path)}`)
  }
}

/** Why a file cannot be written. @throws always. */
function refused(path: string, error: unknown, flag = '--save'): never {
  if (codeOf(error) === 'EEXIST') {
    throw new UsageError(`${flag} ${path}: the file is there already; choose another name`)
  }
  throw new SiskinError(`${flag} ${path}: ${messageOf(error)}`, 1, { cause: error })
}

/** A file that appears with all its bytes, or not at all. @throws as `refused` does. */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const draft = `${path}.${process.pid}.part`
  try {
    const file = await open(draft, 'w')
    try {
      await file.writeFile(bytes)
      await file.datasync()
    } finally {
      await file.close()
    }
    if (await stat(path).catch(() => null)) refused(path, { code: 'EEXIST' })
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    if (error instanceof UsageError) throw error
    refused(path, error)
  }
}

/**
 * A file that grows, and is readable at any time. What could not be written whole is taken back: it holds what counts as
 * read, and no more; a file of which nothing does is removed.
 */
export class GrowingFile {
  readonly #path: string
  readonly #file: FileHandle
  #flushed = 0
  #size = 0

  private constructor(path: string, file: FileHandle) {
    this.#path = path
    this.#file = file
  }

  static async begin(path: string): Promise<GrowingFile> {
    const file = await open(path, 'wx').catch((error: unknown) => refused(path, error))
    return new GrowingFile(path, file)
  }

  async append(bytes: Uint8Array): Promise<void> {
    try {
      await this.#file.appendFile(bytes)
      this.#size += bytes.length
    } catch (error) {
      await this.#takeBack()
      refused(this.#path, error)
    }
  }

  /** All that was appended is on disk, and counts as read. */
  async flush(): Promise<void> {
    try {
      await this.#file.datasync()
      this.#flushed = this.#size
    } catch (error) {
      await this.#takeBack()
      refused(this.#path, error)
    }
  }

  async #takeBack(): Promise<void> {
    if (this.#flushed === 0) await rm(this.#path, { force: true })
    else await this.#file.truncate(this.#flushed).catch(() => {})
  }

  async close(): Promise<void> {
    await this.#file.close()
  }
}
