import { createHash } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { codeOf, messageOf, SiskinError } from '../errors.ts'
import { makeFolder } from '../make-folder.ts'

/** How far a topic of a lake is read: files that are read, or the messages that are read of one. */
export interface TopicMarks {
  /** Alerts before this MJD were not asked for; null: all were. */
  since: number | null
  readonly files: Record<string, true | number>
}

/**
 * What a group has read of the topic files of a lake, kept with the user: a lake may be another's, and
 * read-only. Files come in any order, so every file that is read is named.
 */
export class Bookmarks {
  readonly #path: string
  readonly #topics: Record<string, TopicMarks>

  private constructor(path: string, topics: Record<string, TopicMarks>) {
    this.#path = path
    this.#topics = topics
  }

  /** @throws SiskinError for a file that does not parse, or a place that cannot be read. */
  static async open(lake: string, group: string): Promise<Bookmarks> {
    const path = pathOf(lake, group)
    try {
      const { topics } = JSON.parse(await readFile(path, 'utf8')) as {
        topics: Record<string, TopicMarks>
      }
      return new Bookmarks(path, topics)
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return new Bookmarks(path, {})
      if (codeOf(error) !== undefined) throw unusable(path, 'read', error)
      throw new SiskinError(
        `what was read before is told by ${path}, which cannot be read: ${messageOf(error)}; remove it to begin anew`
      )
    }
  }

  of(topic: string): TopicMarks {
    return (this.#topics[topic] ??= { since: null, files: {} })
  }

  forget(topic: string, since: number | null = null): TopicMarks {
    return (this.#topics[topic] = { since, files: {} })
  }

  /** @throws SiskinError where it cannot be kept. */
  async save(): Promise<void> {
    try {
      makeFolder(dirname(this.#path))
      const draft = `${this.#path}.${process.pid}`
      await writeFile(draft, `${JSON.stringify({ topics: this.#topics })}\n`)
      await rename(draft, this.#path)
    } catch (error) {
      throw unusable(this.#path, 'written', error)
    }
  }
}

function unusable(path: string, how: 'read' | 'written', error: unknown): SiskinError {
  return new SiskinError(
    `what was read of the lake is kept in ${path}, which cannot be ${how}: ${messageOf(error)}; name a folder of yours with XDG_STATE_HOME`,
    1,
    { cause: error }
  )
}

function pathOf(lake: string, group: string): string {
  const place = /^[a-z][a-z0-9+]*:\/\//i.test(lake) ? lake : resolve(lake)
  const hash = createHash('sha256').update(`${group}\n${place}`).digest('hex').slice(0, 16)
  const state = process.env['XDG_STATE_HOME'] || join(homedir(), '.local/state')
  return join(state, 'siskin/subscribe', `${hash}.json`)
}
