import { statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf, messageOf, OutageError, SiskinError, UsageError } from '../errors.ts'

/** Finds writer schemas by Confluent id: a folder of `<id>.avsc`, or a Confluent-compatible registry over HTTP. */
export interface Registry {
  /** The texts of the ids it knows. @throws SiskinError when a registry cannot be asked. */
  resolve(ids: Iterable<number>): Promise<ReadonlyMap<number, Uint8Array>>
}

const TRIES = 4
const TIMEOUT_MS = 3_000

/** @throws UsageError if the place is neither a folder that exists nor an http(s) address. */
export function checkPlace(place: string | null): void {
  if (place === null || /^https?:/.test(place)) return
  if (!statSync(place, { throwIfNoEntry: false })?.isDirectory()) {
    throw new UsageError(`schemas "${place}": neither a folder nor an http(s) address`)
  }
}

/** @param place a folder, or the http(s) address of a registry; null: there is none. */
export function openRegistry(place: string | null): Registry {
  checkPlace(place)
  const known = new Map<number, Uint8Array>()
  const fetchText = place === null ? async () => null : /^https?:/.test(place) ? byHttp : byFolder
  return {
    async resolve(ids) {
      for (const id of ids) {
        if (known.has(id)) continue
        const text = await fetchText(place ?? '', id)
        if (text) known.set(id, text)
      }
      return known
    }
  }
}

async function byFolder(folder: string, id: number): Promise<Uint8Array | null> {
  try {
    return await readFile(join(folder, `${id}.avsc`))
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw new SiskinError(`schema ${id} in ${folder}: ${messageOf(error)}`, 1, { cause: error })
  }
}

async function byHttp(address: string, id: number): Promise<Uint8Array | null> {
  const url = `${address.replace(/\/+$/, '')}/schemas/ids/${id}`
  let reason = ''
  for (let attempt = 0; attempt < TRIES; attempt++) {
    if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, 200 * 2 ** attempt))
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })
      if (response.status === 404) return null
      if (response.ok) {
        const { schema } = (await response.json()) as { schema?: string }
        if (typeof schema === 'string') return Buffer.from(schema)
        reason = 'the answer holds no schema'
      } else {
        reason = `it answered ${response.status}`
      }
    } catch (error) {
      reason = messageOf(error)
    }
  }
  throw new SiskinError(`schema registry ${url}: ${reason}; is it running, is the address right?`)
}

/** A registry that does not answer is no fault of the packets. */
export async function resolveOrFail(
  registry: Registry,
  ids: Iterable<number>
): Promise<ReadonlyMap<number, Uint8Array>> {
  try {
    return await registry.resolve(ids)
  } catch (error) {
    throw new OutageError(messageOf(error), 1, { cause: error })
  }
}
