import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { newRegistered, openRegistry } from './registry.ts'
import type { Registry } from './registry.ts'
import { codeOf, messageOf, SiskinError } from '../errors.ts'
import { OWN } from '../lake/ledger.ts'
import type { Store } from '../store/store.ts'
import { isRegistryAddress, withoutPassword } from './http.ts'

const FIRST_PAUSE_MS = 1000
const LONGEST_PAUSE_MS = 15_000
const TELL_MS = 60_000
/** A schema that was registered a moment before its first packet may not be everywhere yet. */
const GRACE_MS = 5000
/** Ids that are given it within a minute. */
const GRACES = 3

/**
 * A registry whose schemas are kept in the lake as they come: while it is down, packets of schemas
 * that the lake knows go on. A packet of another schema waits for it, with all that lies behind it:
 * `warn` hears why at once, and then every minute.
 * @param stop ends the waiting: `resolve` then throws its reason
 */
export function keptRegistry(
  place: string | null,
  store: Store,
  warn: (message: string) => void,
  stop?: AbortSignal
): Registry {
  const registry = openRegistry(place)
  if (place === null) return registry
  const lake = isRegistryAddress(place) ? new KeptSchemas(store, place) : null
  const known = newRegistered()
  const told = new Set<number>()
  const grace = new Grace(lake === null ? 0 : GRACE_MS)

  const find = async (id: number, signal?: AbortSignal): Promise<Uint8Array | undefined> => {
    let text: Uint8Array | undefined
    try {
      const found = await registry.resolve([id], signal)
      text = found.get(id)
      const why = text ? undefined : found.unknown?.get(id)
      if (why !== undefined) known.unknown.set(id, why)
    } catch (error) {
      const kept = error instanceof SiskinError ? await lake?.find(id) : null
      if (!kept) throw error
      warn(`${messageOf(error)}: schema ${id} is taken from the lake`)
      return kept
    }
    if (text) await lake?.keep(id, text)
    const kept = text ?? (await lake?.find(id))
    if (!text && kept)
      warn(`the registry does not give schema ${id} any more: it is taken from the lake`)
    return kept ?? undefined
  }

  return {
    async resolve(ids, signal) {
      const end = eitherOf(stop, signal)
      for (const id of ids) {
        if (known.has(id)) continue
        const text = await grace.try(id, () => patiently(() => find(id, end), id, warn, end), end)
        if (text) known.set(id, text)
        const why = text ? undefined : known.unknown.get(id)
        if (why === undefined || told.has(id)) continue
        told.add(id)
        warn(
          `packets of schema ${id} go to quarantine, and can be requeued once it is mended: ${why}`
        )
      }
      return known
    }
  }
}

/** Tries until it does not fail. @throws the reason of `stop` when that comes. */
async function patiently<T>(
  find: () => Promise<T>,
  id: number,
  warn: (message: string) => void,
  stop?: AbortSignal
): Promise<T> {
  let toldAt = Number.NEGATIVE_INFINITY
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    try {
      return await find()
    } catch (error) {
      stop?.throwIfAborted()
      if (!(error instanceof SiskinError)) throw error
      if (performance.now() - toldAt >= TELL_MS) {
        toldAt = performance.now()
        warn(`waiting for schema ${id}, and packets wait with it: ${error.message}`)
      }
    }
    await rest(pause, stop)
  }
}

async function rest(ms: number, stop?: AbortSignal): Promise<void> {
  await delay(ms, null, stop ? { signal: stop } : {}).catch((error: unknown) => {
    stop?.throwIfAborted()
    throw error
  })
}

/**
 * Asks for an unknown id again for some seconds: each for itself, so that a damaged packet takes nothing from a schema that
 * is just being registered. Not once a packet, and where damaged ones are many only for some of their ids.
 */
class Grace {
  readonly #ms: number
  /** When the grace of each id was over; none is older than a minute. */
  readonly #over = new Map<number, number>()

  constructor(ms: number) {
    this.#ms = ms
  }

  async try<T>(
    id: number,
    find: () => Promise<T | undefined>,
    stop?: AbortSignal
  ): Promise<T | undefined> {
    const first = await find()
    const began = performance.now()
    if (first !== undefined || !this.#has(id, began)) return first
    try {
      for (let pause = FIRST_PAUSE_MS / 4; performance.now() - began < this.#ms; pause *= 2) {
        await rest(Math.min(pause, FIRST_PAUSE_MS), stop)
        const found = await find()
        if (found !== undefined) return found
      }
      return undefined
    } finally {
      this.#over.set(id, performance.now())
    }
  }

  #has(id: number, now: number): boolean {
    for (const [other, over] of this.#over) if (now - over >= TELL_MS) this.#over.delete(other)
    return !this.#over.has(id) && this.#over.size < GRACES
  }
}

function eitherOf(a?: AbortSignal, b?: AbortSignal): AbortSignal | undefined {
  return a && b ? AbortSignal.any([a, b]) : (a ?? b)
}

/** The schemas of one registry that are kept in a lake. */
class KeptSchemas {
  readonly #store: Store
  readonly #folder: string

  constructor(store: Store, place: string) {
    const name = createHash('sha256').update(withoutPassword(place)).digest('hex').slice(0, 16)
    this.#store = store
    this.#folder = `${OWN}/registry/${name}`
  }

  async find(id: number): Promise<Uint8Array | null> {
    const path = `${this.#folder}/${id}.avsc`
    return (await this.#store.size(path)) === null ? null : this.#store.read(path)
  }

  async keep(id: number, text: Uint8Array): Promise<void> {
    const path = `${this.#folder}/${id}.avsc`
    const size = await this.#store.size(path)
    if (size === text.length) return
    if (size !== null) await this.#store.remove(path) // half of it, from one who died
    await this.#store.create(path, text).catch((error: unknown) => {
      if (codeOf((error as Error).cause) !== 'EEXIST') throw error // else another member was quicker
    })
  }
}
