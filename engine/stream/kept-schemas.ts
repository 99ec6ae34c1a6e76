import { createHash } from 'node:crypto'
import { openRegistry } from '../consume/registry.ts'
import type { Registry } from '../consume/registry.ts'
import { codeOf } from '../errors.ts'
import { OWN } from '../persist/ledger.ts'
import type { Store } from '../persist/store.ts'

/**
 * A registry whose schemas are kept in the lake as they come: while it is down, packets of schemas
 * that the lake knows go on. A packet of another schema waits for it, with all that lies behind it.
 */
export function keptRegistry(
  place: string | null,
  store: Store,
  warn: (message: string) => void
): Registry {
  const registry = openRegistry(place)
  if (place === null || !/^https?:/.test(place)) return registry
  const folder = `${OWN}/registry/${createHash('sha256').update(place).digest('hex').slice(0, 16)}`
  const known = new Map<number, Uint8Array>()

  const find = async (id: number): Promise<Uint8Array | undefined> => {
    const path = `${folder}/${id}.avsc`
    try {
      const text = (await registry.resolve([id])).get(id)
      if (text) await keep(store, path, text)
      return text
    } catch (error) {
      if ((await store.size(path)) === null) throw error
      warn(`${(error as Error).message}: schema ${id} is taken from the lake`)
      return store.read(path)
    }
  }

  return {
    async resolve(ids) {
      for (const id of ids) {
        if (known.has(id)) continue
        const text = await find(id)
        if (text) known.set(id, text)
      }
      return known
    }
  }
}

async function keep(store: Store, path: string, text: Uint8Array): Promise<void> {
  if ((await store.size(path)) !== null) return
  await store.write(path, [text]).catch((error: unknown) => {
    if (codeOf((error as Error).cause) !== 'EEXIST') throw error // else another member was quicker
  })
}
