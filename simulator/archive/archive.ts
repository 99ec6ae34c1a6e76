import { renameSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { combineCrc } from '../../engine/crc.ts'
import { messageOf, SiskinError } from '../../engine/errors.ts'
import { makeFolder } from '../../engine/make-folder.ts'
import type { Piece } from './piece.ts'
import { tarEnd } from './tar.ts'
import { checksum, fragment } from './segments.ts'

const GZIP_HEAD = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255])
/** An empty, last, fixed-code deflate block. */
const DEFLATE_END = Buffer.from([3, 0])

/**
 * A nightly archive on its way to disk. It has a temporary name until `finish`, so that a process
 * killed half-way leaves nothing under the final one.
 */
export class ArchiveWriter {
  readonly path: string
  readonly gzip: boolean
  bytes = 0
  #temporary: string
  #file: FileHandle | undefined
  #crc = 0
  #rawLength = 0

  constructor(path: string) {
    this.path = path
    this.gzip = path.endsWith('.gz')
    this.#temporary = join(dirname(path), `.${basename(path)}.${process.pid}.part`)
  }

  async start(): Promise<void> {
    try {
      makeFolder(dirname(this.path))
      this.#file = await open(this.#temporary, 'w')
    } catch (error) {
      throw new SiskinError(`--out ${this.path}: ${messageOf(error)}`, 1, { cause: error })
    }
    if (this.gzip) await this.#write([GZIP_HEAD])
  }

  async append(piece: Piece): Promise<void> {
    await this.#write(piece.parts)
    this.#crc = combineCrc(this.#crc, piece.crc, piece.rawLength)
    this.#rawLength += piece.rawLength
  }

  /** Completes the archive, makes it durable and gives it its name. */
  async finish(): Promise<void> {
    const end = tarEnd()
    if (this.gzip) {
      const crc = combineCrc(this.#crc, checksum([{ bytes: end }], 0), end.length)
      const tail = Buffer.alloc(8)
      tail.writeUInt32LE(crc, 0)
      tail.writeUInt32LE((this.#rawLength + end.length) % 4294967296, 4)
      await this.#write([fragment(end), DEFLATE_END, tail])
    } else {
      await this.#write([end])
    }
    await this.#file?.sync()
    await this.#file?.close()
    renameSync(this.#temporary, this.path)
  }

  /** Gives up: nothing remains. */
  async abandon(): Promise<void> {
    await this.#file?.close().catch(() => undefined)
    rmSync(this.#temporary, { force: true })
  }

  async #write(parts: readonly Uint8Array[]): Promise<void> {
    if (!this.#file) throw new Error('archive not started')
    if (parts.length === 0) return
    const total = parts.reduce((sum, part) => sum + part.length, 0)
    const { bytesWritten } = await this.#file.writev([...parts])
    if (bytesWritten !== total) {
      throw new Error(
        `${this.path}: only ${bytesWritten} of ${total} bytes written; is the disk full?`
      )
    }
    this.bytes += total
  }
}
