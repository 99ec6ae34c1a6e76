import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { BEAT_MS, SILENT_MS } from '../store/machine.ts'
import type { Store } from '../store/store.ts'
import { OWN } from './ledger.ts'

/** How who cannot ask for the store's time looks. */
const WATCH = { lookMs: BEAT_MS / 4, silentMs: SILENT_MS }

/**
 * For how many ms nothing was written to a file that its owner writes again and again; infinite where it is gone. Whoever keeps the
 * store has one clock for all; those of its users may be hours apart.
 */
export async function silenceOf(store: Store, path: string, watch = WATCH): Promise<number> {
  const written = await store.modified(path)
  if (written === null) return Number.POSITIVE_INFINITY
  const now = await clockOf(store).catch(() => null)
  return now === null ? watched(store, path, written, watch) : Math.max(0, now - written)
}

/** What time it is for the store: that of a file just written. */
async function clockOf(store: Store): Promise<number | null> {
  const probe = `${OWN}/owners/clock-${randomBytes(6).toString('hex')}.new` // a draft, should we die here
  try {
    await store.write(probe, [])
    return await store.modified(probe)
  } finally {
    await store.remove(probe)
  }
}

/** Of a store that takes no file of ours: looked at until it is written, or silent for so long that its owner is gone. */
async function watched(
  store: Store,
  path: string,
  written: number,
  { lookMs, silentMs }: typeof WATCH
): Promise<number> {
  const begun = performance.now()
  const since = () => performance.now() - begun
  while (since() < silentMs) {
    await delay(lookMs)
    const now = await store.modified(path)
    if (now !== written) return now === null ? Number.POSITIVE_INFINITY : 0
  }
  return since()
}
