import type { Asked, Matches } from './asked.ts'

const AGAIN_MS = 60_000

const NOTHING: Matches = {
  status: () => 'unavailable',
  separation: () => null,
  value: () => null
}

/** A catalogue that could not be opened yet: who asks gets "unavailable", and from time to time it is tried again. */
export function later(name: string, open: () => Promise<Asked | null>): Asked {
  let opened: Asked | null = null
  let next = performance.now() + AGAIN_MS
  return {
    name,
    get version() {
      return opened?.version ?? 'unavailable'
    },
    async nearest(...question) {
      if (!opened && performance.now() > next) {
        next = performance.now() + AGAIN_MS
        opened = await open().catch(() => null)
      }
      return opened ? opened.nearest(...question) : NOTHING
    }
  }
}
