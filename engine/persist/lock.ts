import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { codeOf, SiskinError } from '../errors.ts'
import { OWN } from './ledger.ts'
import type { Store } from './store.ts'

interface Holder {
  readonly pid: number
  readonly host: string
  readonly since: string
  readonly command: string
  /** When the process began, in the kernel's own count: a re-used pid is not the same process. */
  readonly birth: string
}

/** A lock that can't be read may be one that is being written this moment. */
const HALF_WRITTEN_MS = 200
const PATH = `${OWN}/lock.json`

/**
 * One run per lake. A lock whose process is gone is taken over.
 * @returns what gives the lake free again. @throws SiskinError naming the run that has it.
 */
export async function lockLake(store: Store, command: string): Promise<() => Promise<void>> {
  const me: Holder = {
    pid: process.pid,
    host: hostname(),
    since: new Date().toISOString(),
    command,
    birth: birthOf(process.pid)
  }
  for (let attempt = 0; ; attempt++) {
    try {
      await store.write(PATH, [Buffer.from(JSON.stringify(me))])
      return () => store.remove(PATH)
    } catch (error) {
      if (codeOf((error as Error).cause) !== 'EEXIST' || attempt > 0) throw error
      const holder =
        (await readHolder(store)) ?? (await delay(HALF_WRITTEN_MS, store).then(readHolder))
      if (holder && isAlive(holder)) {
        throw new SiskinError(
          `the lake ${store.root} is in use by process ${holder.pid} on ${holder.host} since ${holder.since} (${holder.command}): wait for it, or stop it`,
          1
        )
      }
      await store.remove(PATH)
    }
  }
}

async function readHolder(store: Store): Promise<Holder | null> {
  try {
    const holder = JSON.parse(Buffer.from(await store.read(PATH)).toString()) as Holder | null
    return typeof holder?.pid === 'number' ? holder : null
  } catch {
    return null // written half by a process that died
  }
}

function isAlive(holder: Holder): boolean {
  if (holder.host !== hostname()) return true // cannot be asked
  try {
    process.kill(holder.pid, 0)
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
  return holder.birth === '' || birthOf(holder.pid) === holder.birth
}

function birthOf(pid: number): string {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return line.slice(line.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}
