import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { codeOf } from '../errors.ts'
import { atOnce } from './at-once.ts'

/** Who is, or was, taking a source of files into the lake. */
export interface Holder {
  readonly pid: number
  readonly host: string
  /** Among which processes it has that pid: a container may have the name of another one, and pids of its own. */
  readonly processes?: string
  /** The machine, and which of its starts: two may have one name, and the first processes of all are called the same. */
  readonly machine?: string
  readonly boot?: string
  readonly since: string
  /** When the last run of it began, where this is none: a repair has the source only for a while. */
  readonly begun?: string | null
  readonly command: string
  /** When the process began, in the kernel's own count: a re-used pid is not the same process. */
  readonly birth: string
  /** When it last said that it lives, by its own clock: for people, as clocks differ. */
  readonly beat: string
}

/** Asked only of who is on another machine. */
type Silence = () => Promise<number>

/** What a claim needs of the machine it is made on; another one where many runs are played in one process. */
export interface Machine {
  /** Who is claiming. */
  me(command: string): Holder
  /** One that was killed a moment ago may take some time to be gone. `silence`: for how many ms it has said nothing. */
  isAlive(holder: Holder, silence: Silence): boolean | Promise<boolean>
  /** Calls `beat` from time to time until the returned function is called. */
  beat(beat: () => Promise<void>): () => void
}

export const BEAT_MS = 20_000
/** A run on another machine that was silent for so long is taken for dead. */
export const SILENT_MS = 180_000
/** How long a run that was killed may take until its last process is gone. */
const DYING_MS = 5000
const LOOK_MS = 100
/** A run may have thousands of sources: more at once would keep the disk from its work. */
const BEATS_AT_ONCE = 4

export const THIS_MACHINE: Machine = {
  me(command) {
    const now = new Date().toISOString()
    const { pid } = process
    const processes = processesHere()
    const birth = birthOf(pid)
    const place = { host: hostname(), processes, machine: MACHINE, boot: BOOT }
    return { pid, ...place, since: now, command, birth, beat: now }
  },
  isAlive: staysAlive,
  beat(beat) {
    beats.add(beat)
    pulse ??= setInterval(() => void beatAll(), BEAT_MS).unref()
    return () => {
      beats.delete(beat)
      if (beats.size > 0 || !pulse) return
      clearInterval(pulse)
      pulse = null
    }
  }
}

const beats = new Set<() => Promise<void>>()
let pulse: NodeJS.Timeout | null = null
let isBeating = false

/** All claims of this process, a few at a time. None is told again while others are not told yet. */
async function beatAll(): Promise<void> {
  if (isBeating) return
  isBeating = true
  await atOnce([...beats], BEATS_AT_ONCE, async (beat) => {
    if (beats.has(beat)) await beat()
  }).catch(() => {})
  isBeating = false
}

/** False also for a process that ends within a few seconds, as the members of a killed run do. */
async function staysAlive(holder: Holder, silence: Silence): Promise<boolean> {
  for (let waited = 0; await isAlive(holder, silence); waited += LOOK_MS) {
    if (!isHere(holder) || waited >= DYING_MS) return true
    await delay(LOOK_MS)
  }
  return false
}

export async function isAlive(holder: Holder, silence: Silence): Promise<boolean> {
  if (isHere(holder)) return isRunning(holder)
  return !isOfFormerStart(holder) && (await silence()) < SILENT_MS
}

function isRunning(holder: Holder): boolean {
  try {
    process.kill(holder.pid, 0)
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
  return holder.birth === '' || birthOf(holder.pid) === holder.birth
}

/** Who asks is a repair that claims what it mends: that is no run on its way. */
export function isMe(holder: Holder): boolean {
  return isHere(holder) && holder.pid === process.pid && holder.birth === birthOf(process.pid)
}

/** Its process can be asked for. */
function isHere(holder: Holder): boolean {
  return isAmongOurs(holder) && (holder.boot ?? BOOT) === BOOT
}

/** It was on this machine before that was begun anew: nothing of then lives. */
function isOfFormerStart(holder: Holder): boolean {
  return isAmongOurs(holder) && MACHINE !== '' && holder.machine === MACHINE
}

function isAmongOurs({ host, processes = processesHere() }: Holder): boolean {
  return host === hostname() && processes === processesHere()
}

const MACHINE = textOf('/etc/machine-id')
const BOOT = textOf('/proc/sys/kernel/random/boot_id')

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return ''
  }
}

/** Linux has a name for each world of process ids; elsewhere there is one. */
function processesHere(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}

function birthOf(pid: number): string {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return line.slice(line.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}
