import { inflate } from '../../avro/codecs.ts'
import { isContainer, readHeader } from '../../avro/heads.ts'
import type { Survey } from '../../contract/index.ts'
import { SiskinError } from '../../errors.ts'
import type { Header } from '../../packets.ts'
import { isHdfs } from '../../store/hdfs-address.ts'
import type { Store } from '../../store/store.ts'

/** Where an alert says that its packet lies. */
export interface PacketPlace {
  readonly path: string
  readonly offset: number
  /** Bytes of it there: fewer than it has where they are compressed. */
  readonly length: number
}

const FIRST_READ = 64 * 1024

/** Surveys whose packets a lake keeps compressed: those asked for, else what pays: see "Speed" in ARCHITECTURE.md. */
export function compressedSurveys(
  lake: string,
  asked: readonly Survey[] | null = null
): ReadonlySet<Survey> {
  return new Set(asked ?? (isHdfs(lake) ? ['lsst'] : []))
}

/** Packets of a lake by their places, however their files keep them. The head of a file is read once. */
export class PacketFiles {
  readonly #store: Store
  readonly #headers = new Map<string, Promise<Header>>()

  constructor(store: Store) {
    this.#store = store
  }

  /** @throws SiskinError for a packet file that is not there, or none. */
  header(path: string): Promise<Header> {
    const header = this.#headers.get(path) ?? this.#readHeader(path)
    this.#headers.set(path, header)
    return header
  }

  /** A packet as the survey sent it. @throws PacketError where what is kept of it does not inflate to a packet. */
  async read({ path, offset, length }: PacketPlace): Promise<Uint8Array> {
    const { codec } = await this.header(path)
    const bytes = await this.#store.read(path, offset, length)
    return codec === 'null' ? bytes : inflate(codec, bytes, 1)
  }

  async #readHeader(path: string): Promise<Header> {
    const size = await this.#store.size(path)
    if (size === null) throw new SiskinError(`the packet file ${path} is not in the lake`)
    for (let want = FIRST_READ; ; want *= 4) {
      const head = await this.#store.read(path, 0, Math.min(want, size))
      if (!isContainer(head, 0)) throw new SiskinError(`${path} is no Avro object container`)
      const header = readHeader(head, 0, head.length)
      if (header) return header
      if (want >= size) throw new SiskinError(`the header of ${path} is not all there`)
    }
  }
}
