import { SiskinError } from '../../engine/errors.ts'
import type { Store, StoredFile } from '../../engine/store/store.ts'
import type { MemoryDisk } from './memory-disk.ts'
import type { Actor, Scheduler } from './scheduler.ts'

/** How a kind of store behaves, within what `Store` promises. */
export interface StoreHabits {
  /** A file that is being written is there before its bytes. */
  readonly isTorn: boolean
  /** A tree is walked, and removed, piece by piece. */
  readonly isWalked: boolean
  /** How often it refuses, before or after it has done what was asked. */
  readonly outage: number
}

/** Sees every change before it is made. */
export type Watch = (actor: Actor, verb: 'rename' | 'remove', path: string, to: string) => void

function refusal(label: string, code: string): SiskinError {
  return new SiskinError(`cannot ${label}: ${code}`, 1, {
    cause: Object.assign(new Error(code), { code })
  })
}

/** The disk as one actor sees it: every call, and every part of a long one, is a step. */
export function steppedStore(
  scheduler: Scheduler,
  actor: Actor,
  disk: MemoryDisk,
  habits: StoreHabits,
  watch: Watch
): Store {
  const { dice } = scheduler
  const step = <T>(label: string, work: () => T): Promise<T> =>
    scheduler.call(actor, label, () => {
      if (scheduler.isCalm || !dice.chance(habits.outage)) return work()
      scheduler.wasHarmed = true
      if (dice.chance(0.5)) work()
      throw refusal(label, 'EIO')
    })
  const entries = (folder: string) => step(`entries ${folder}`, () => disk.entries(folder))
  const walk = async (folder: string): Promise<StoredFile[]> => {
    const files: StoredFile[] = []
    for (const { name, isFolder } of await entries(folder)) {
      const path = `${folder}/${name}`
      if (isFolder) files.push(...(await walk(path)))
      else files.push({ path, size: disk.size(path) ?? 0 })
    }
    return files
  }
  const takeAway = async (path: string): Promise<void> => {
    for (const { name } of disk.entries(path)) await takeAway(`${path}/${name}`)
    await step(`remove ${path}`, () => {
      if (disk.entries(path).length > 0) throw refusal(`remove ${path}`, 'ENOTEMPTY')
      watch(actor, 'remove', path, '')
      disk.remove(path)
    })
  }
  return {
    root: 'memory',
    async write(path, pieces) {
      const bytes = Buffer.concat(pieces)
      if (habits.isTorn && dice.chance(0.3)) {
        await step(`open ${path}`, () => disk.write(path, new Uint8Array()))
        await step(`fill ${path}`, () => disk.fill(path, bytes))
      } else {
        await step(`write ${path}`, () => disk.write(path, bytes))
      }
      return bytes.byteLength
    },
    async writeFrom(path, pieces) {
      return this.write(path, await Array.fromAsync(pieces()))
    },
    create: (path, bytes) => step(`create ${path}`, () => disk.write(path, bytes)),
    read: (path) => step(`read ${path}`, () => disk.read(path)),
    size: (path) => step(`size ${path}`, () => disk.size(path)),
    list: (folder) =>
      habits.isWalked ? walk(folder) : step(`list ${folder}`, () => disk.list(folder)),
    entries,
    rename: (from, to) =>
      step(`rename ${from} to ${to}`, () => {
        watch(actor, 'rename', from, to)
        disk.rename(from, to)
      }),
    sync: async () => {},
    modified: (path) => step(`look at ${path}`, () => (disk.size(path) === null ? null : 0)),
    remove: (path) =>
      habits.isWalked
        ? takeAway(path)
        : step(`remove ${path}`, () => {
            watch(actor, 'remove', path, '')
            disk.remove(path)
          })
  }
}
