import { setTimeout as delay } from 'node:timers/promises'
import { exchange, Wires } from './webhdfs-http.ts'
import type { Answer, Exchange, Pieces } from './webhdfs-http.ts'
import { refusalOf, Refusal } from './webhdfs-refusal.ts'

/** Where the NameNodes are and who asks. */
export interface WebHdfsOptions {
  /** `host:port` of the web address of each NameNode. */
  readonly nameNodes: readonly string[]
  /** With TLS, which DataNodes must speak as well. */
  readonly isSecure?: boolean
  /** PEM file of the authority that is trusted then; without it the system's are. */
  readonly ca?: string | undefined
  readonly user: string
  /** A delegation token, instead of the user's name. */
  readonly token?: string | undefined
  /** How long it is tried again when the cluster is not ready. */
  readonly patienceMs?: number
}

export interface FileStatus {
  readonly pathSuffix: string
  readonly type: 'FILE' | 'DIRECTORY' | 'SYMLINK'
  readonly length: number
  readonly fileId: number
  /** ms since 1970. */
  readonly modificationTime: number
}

type Parameters = Readonly<Record<string, string | number | boolean>>

const PATIENCE_MS = 60_000
/** A cluster that never answered is more likely misspelt than restarting. */
const FIRST_PATIENCE_MS = 8_000
/** How long all its NameNodes together may take for the first answer. */
const FIRST_SILENT_MS = 10_000
/** Full disks do not empty themselves: time for a DataNode to come back, not more. */
const SHORT_PATIENCE_MS = 20_000
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 2_000

/**
 * The operations of WebHDFS that a store needs. Each is tried again while the cluster is not ready
 * (standby, safe mode, restart, lost connections), from NameNode to NameNode.
 * @throws Refusal for what trying again does not help.
 */
export class WebHdfs {
  readonly #wires: Wires
  readonly #options: WebHdfsOptions
  #current = 0
  #reached = false

  constructor(options: WebHdfsOptions) {
    this.#options = options
    this.#wires = new Wires(options.ca ?? null)
  }

  get user(): string {
    return this.#options.user
  }

  get isSecure(): boolean {
    return this.#options.isSecure === true
  }

  get nameNodes(): readonly string[] {
    return this.#options.nameNodes
  }

  /** One attempt at a new file, and its bytes; what is there stays. No more than one: see `patiently`. */
  async create(path: string, pieces: Pieces): Promise<number> {
    const asked = this.#url(path, 'CREATE', { overwrite: false })
    const { location } = await this.#ask({ method: 'PUT', url: asked })
    const url = this.#place(location)
    const { sent } = await this.#askDataNode({ method: 'PUT', url, pieces, headers: BYTES })
    return sent
  }

  /** Bytes of a file, from an offset that is in it. */
  open(path: string, offset: number, length?: number): Promise<Uint8Array> {
    const range = length === undefined ? { offset } : { offset, length }
    return this.patiently(async () => {
      const { location } = await this.#ask({ method: 'GET', url: this.#url(path, 'OPEN', range) })
      return (await this.#askDataNode({ method: 'GET', url: this.#place(location) })).body
    })
  }

  /** Of a file or a folder; null if there is neither. */
  async status(path: string): Promise<FileStatus | null> {
    const found = await this.#find(path, 'GETFILESTATUS')
    return found === null ? null : (JSON.parse(found) as { FileStatus: FileStatus }).FileStatus
  }

  /** What is in a folder, or the file itself; null if there is neither. */
  async list(path: string): Promise<readonly FileStatus[] | null> {
    const found = await this.#find(path, 'LISTSTATUS')
    if (found === null) return null
    type Listing = { FileStatuses: { FileStatus: FileStatus[] } }
    return (JSON.parse(found) as Listing).FileStatuses.FileStatus
  }

  async makeFolder(path: string): Promise<void> {
    await this.patiently(() => this.#ask({ method: 'PUT', url: this.#url(path, 'MKDIRS') }))
  }

  /** One attempt. The folder must be there. */
  async rename(from: string, destination: string, replaces: boolean): Promise<void> {
    const renameoptions = replaces ? 'OVERWRITE' : 'NONE'
    await this.#ask({
      method: 'PUT',
      url: this.#url(from, 'RENAME', { destination, renameoptions })
    })
  }

  /** One attempt. With all that is in it; nothing to remove is no error. */
  async remove(path: string): Promise<void> {
    await this.#ask({ method: 'DELETE', url: this.#url(path, 'DELETE', { recursive: true }) })
  }

  /** One attempt. Only if nothing is in it; false if something is. */
  async removeEmpty(folder: string): Promise<boolean> {
    try {
      await this.#ask({ method: 'DELETE', url: this.#url(folder, 'DELETE', { recursive: false }) })
      return true
    } catch (error) {
      if (/PathIsNotEmpty|is non empty/i.test(refusalOf(error).message)) return false
      throw error
    }
  }

  /** Tries again, with pauses, while the cluster is not ready. */
  async patiently<T>(work: () => Promise<T>): Promise<T> {
    const started = Date.now()
    for (let pause = FIRST_PAUSE_MS, tries = 1; ; tries++) {
      try {
        return await work()
      } catch (error) {
        const refusal = refusalOf(error)
        const isOver = Date.now() - started > this.#patienceFor(refusal)
        const isAnyLeft = refusal.isAboutNameNode && tries < this.#options.nameNodes.length
        if (!isAnyLeft && (!refusal.isPassing || isOver)) throw refusal
        if (refusal.isAboutNameNode) this.#current++
        // The other NameNode is asked at once; pauses come when all were.
        const isNewRound = tries % this.#options.nameNodes.length === 0
        if (isNewRound || !refusal.isAboutNameNode) {
          await delay(pause * (0.5 + Math.random()))
          pause = Math.min(2 * pause, LONGEST_PAUSE_MS)
        }
      }
    }
  }

  #patienceFor(refusal: Refusal): number {
    const patience = this.#options.patienceMs ?? PATIENCE_MS
    if (!this.#reached) return Math.min(patience, FIRST_PATIENCE_MS)
    const isLong = refusal.code !== 'ENOSPC' && refusal.code !== 'EIO'
    return isLong ? patience : Math.min(patience, SHORT_PATIENCE_MS)
  }

  async #find(path: string, operation: string): Promise<string | null> {
    try {
      const url = () => this.#url(path, operation)
      const { body } = await this.patiently(() => this.#ask({ method: 'GET', url: url() }))
      return Buffer.from(body).toString()
    } catch (error) {
      const { code } = refusalOf(error)
      if (code === 'ENOENT' || code === 'ENOTDIR') return null
      throw error
    }
  }

  async #ask(asked: Exchange): Promise<Answer> {
    const silentMs = FIRST_SILENT_MS / this.#options.nameNodes.length
    const first = this.#reached ? {} : { silentMs }
    const answer = await this.#exchange({ ...asked, ...first }, false)
    this.#reached = true
    return accepted(answer)
  }

  async #askDataNode(asked: Exchange): Promise<Answer> {
    return accepted(await this.#exchange(asked, true))
  }

  async #exchange(asked: Exchange, isDataNode: boolean): Promise<Answer> {
    try {
      return await exchange(this.#wires, asked)
    } catch (error) {
      throw refusalOf(error, { host: new URL(asked.url).host, isDataNode })
    }
  }

  /** Where a NameNode sends us to: to a DataNode, in the protocol that was asked for. */
  #place(location: string | undefined): string {
    if (location?.startsWith(`${this.#protocol}:`)) return location
    throw new Refusal(whyNoPlace(location), 'EPROTO', false)
  }

  get #protocol(): 'http' | 'https' {
    return this.isSecure ? 'https' : 'http'
  }

  #url(path: string, operation: string, parameters: Parameters = {}): string {
    const { nameNodes, user, token } = this.#options
    const node = nameNodes[this.#current % nameNodes.length]!
    const who = token ? { delegation: token } : { 'user.name': user }
    const query = new URLSearchParams({ op: operation, ...who })
    for (const [name, value] of Object.entries(parameters)) query.set(name, String(value))
    const encoded = path.split('/').map(encodeURIComponent).join('/')
    return `${this.#protocol}://${node}/webhdfs/v1${encoded}?${query.toString()}`
  }
}

const BYTES = { 'content-type': 'application/octet-stream' }

function accepted(answer: Answer): Answer {
  if (answer.status >= 400) throw Refusal.of(answer.status, answer.body)
  return answer
}

function whyNoPlace(location: string | undefined): string {
  if (location?.startsWith('https:')) {
    return 'its DataNodes speak HTTPS only: give the lake as swebhdfs://host:9871/folder'
  }
  if (location?.startsWith('http:')) {
    return `it sends to a DataNode without TLS (${new URL(location).host}): set dfs.datanode.https.address and dfs.http.policy there`
  }
  return 'it names no DataNode: is it a WebHDFS address?'
}
