import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { SiskinError } from '../../errors.ts'
import type { Health, MetricsSource } from '../../metrics/server.ts'
import { afterDeath } from './after-death.ts'
import type { FromStreamMember, ToStreamMember } from '../common/messages.ts'
import { StreamMetrics } from './metrics.ts'
import { assignmentEvent, batchEvent, fencedEvent } from './events.ts'
import {
  causeOf,
  gaugesOf,
  lagOf,
  newSlot,
  nobody,
  patienceMs,
  standstillOf
} from './worker-slot.ts'
import type { Slot } from './worker-slot.ts'
import type { StreamStatus, StreamSupervisorOptions } from './supervision.ts'

/**
 * Large buffers come and go in several threads. With an arena for each, and with a threshold that grows
 * with what was freed, glibc would keep them for itself.
 */
const MEMBER_ENVIRONMENT = { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: String(64 * 1024) }
const WATCH_MS = 500
/** A supervisor that has not looked at its members for so long hangs. */
const HANGS_MS = 15_000
const STOP_MS = 60_000
const BACK_OFF_MS = [500, 1000, 2000, 5000, 10_000, 30_000]

/**
 * Keeps the members of this machine alive.
 *
 * A slot is `starting` until its member has joined, then `working`. A member that ends is replaced
 * after a pause that grows while nothing is taken in; one that cannot even begin, or that finds it was
 * asked wrongly, ends the stream with its reason. What a member worked on when it died is counted in the lake, and the group is told at
 * once that it is gone. `stopping`: every member ends after its commit, nobody is replaced.
 */
export class StreamSupervisor implements MetricsSource {
  readonly #options: StreamSupervisorOptions
  readonly #slots: Slot[]
  readonly #metrics = new StreamMetrics()
  #watched = performance.now()
  #measured = 0
  #stopping = false
  #everJoined = false
  #failure: SiskinError | null = null
  #quietSince = performance.now()
  #commitSeconds = 0
  #peak = 0
  #ended: () => void = () => {}

  constructor(options: StreamSupervisorOptions) {
    this.#options = options
    const names = Array.from({ length: options.members }, (_, i) => `${options.name}-${i}`)
    this.#slots = names.map(newSlot)
  }

  /** Resolves when all members have ended. @throws SiskinError when none can begin. */
  async run(): Promise<void> {
    const ended = new Promise<void>((resolve) => (this.#ended = resolve))
    const { signal } = this.#options
    const stop = () => this.#stop()
    signal.addEventListener('abort', stop, { once: true })
    const watch = setInterval(() => this.#watch(), WATCH_MS)
    for (const slot of this.#slots) this.#start(slot)
    if (signal.aborted) this.#stop()
    try {
      await ended
    } finally {
      clearInterval(watch)
      signal.removeEventListener('abort', stop)
    }
    if (this.#failure) throw this.#failure
  }

  #start(slot: Slot): void {
    const child = fork(this.#options.program, {
      serialization: 'advanced',
      env: { ...MEMBER_ENVIRONMENT, ...process.env },
      stdio: ['inherit', 'inherit', this.#options.hushed ? 'pipe' : 'inherit', 'ipc']
    })
    Object.assign(slot, { child, ...nobody() })
    this.#listen(slot, child)
    slot.progress = performance.now()
    const start: ToStreamMember = {
      kind: 'start',
      name: slot.name,
      settings: this.#options.settings
    }
    child.send(start, () => {})
  }

  #listen(slot: Slot, child: ChildProcess): void {
    child.on('message', (message: FromStreamMember) => this.#heard(slot, message))
    child.on('exit', (code, signal) => void this.#died(slot, signal ?? `code ${code}`, code === 0))
    if (!child.stderr) return
    createInterface({ input: child.stderr }).on('line', (message) =>
      this.#options.onLog({ level: 'warn', message, fields: { member: slot.name } })
    )
  }

  #heard(slot: Slot, message: FromStreamMember): void {
    const { onLog } = this.#options
    const { name } = slot
    switch (message.kind) {
      case 'joined':
        this.#everJoined = true
        slot.memberId = message.memberId
        this.#quietSince = slot.progress = performance.now()
        this.#metrics.assigned()
        onLog(assignmentEvent(name, message.generation, message.partitions))
        break
      case 'working':
        slot.range = message.range
        break
      case 'committed':
        slot.failures = 0
        this.#isWell(slot)
        this.#quietSince = slot.progress
        this.#committed(slot, message)
        break
      case 'void':
        this.#metrics.fenced()
        onLog(fencedEvent(name, message.parts))
        break
      case 'alive':
        if (!slot.child) break
        Object.assign(slot, {
          heard: performance.now(),
          knowsLag: message.knowsLag,
          lags: message.lags,
          waiting: message.waiting,
          memory: message.memory
        })
        this.#peak = Math.max(this.#peak, message.memory)
        slot.waitsFor = message.waitsFor
        this.#looksAlive(slot, lagOf(slot) + message.waiting === 0 && !slot.range)
        break
      case 'aside':
        slot.aside = message.partitions
        break
      case 'log': {
        const { level, message: text, fields } = message
        onLog({ level, message: text, fields: { member: name, ...fields } })
        break
      }
      case 'failed':
        slot.told = message
    }
  }

  #committed(
    { name }: Slot,
    { records, batch }: Extract<FromStreamMember, { kind: 'committed' }>
  ): void {
    if (batch) this.#commitSeconds = batch.seconds.transaction + batch.seconds.place
    this.#metrics.committed(records, batch)
    this.#options.onRecords(records)
    this.#options.onLog(batchEvent(name, records, batch))
  }

  #looksAlive(slot: Slot, isIdle: boolean): void {
    if (slot.waitsFor !== null || isIdle) slot.progress = performance.now()
    if (slot.knowsLag && isIdle) this.#isWell(slot)
  }

  /** It took something in, or has nothing to take in. */
  #isWell(slot: Slot): void {
    slot.moved = slot.progress = performance.now()
    slot.trouble = null
  }

  async #died(slot: Slot, how: string, isClean: boolean): Promise<void> {
    const { told, range, memberId } = slot
    // who was killed for making no progress waited for something: a part that hangs is told by its watch
    const ranges = told ? told.ranges : range && !slot.stalled ? [range] : []
    const cause = causeOf(slot)
    Object.assign(slot, { child: null, ...nobody() })
    const { settings, store, onLog } = this.#options
    const strike = told?.strike ?? 'death'
    const dead = { name: slot.name, how: told?.message ?? how, memberId, ranges, strike }
    if (!isClean) await afterDeath(dead, settings, store, onLog)
    if (told && (!this.#everJoined || told.exitCode === 2)) {
      this.#failure ??= new SiskinError(told.message, told.exitCode)
      this.#stop()
    }
    if (this.#stopping) {
      if (this.#slots.every(({ child }) => child === null)) this.#ended()
      return
    }
    const hunting = ranges.length > 0 // each strike brings it nearer to the packet: that is progress
    const pause = BACK_OFF_MS[hunting ? 0 : Math.min(slot.failures, BACK_OFF_MS.length - 1)]!
    slot.failures++
    const why = told ? told.message : `it ended with ${how}`
    slot.trouble = why
    const fields = { member: slot.name, cause, how, range }
    const message = `member ${slot.name}: ${why}; another takes over`
    onLog({ level: 'error', message, fields })
    this.#metrics.died(cause)
    this.#quietSince = performance.now()
    setTimeout(() => this.#startAgain(slot), pause)
  }

  #startAgain(slot: Slot): void {
    if (this.#stopping) return
    this.#start(slot)
    this.#metrics.restarted()
    const fields = { member: slot.name, pid: slot.child?.pid }
    const message = `member ${slot.name} is started again`
    this.#options.onLog({ level: 'info', isRoutine: true, message, fields })
  }

  #watch(): void {
    const now = performance.now()
    this.#watched = now
    const { progressSeconds, idleSeconds, onProgress, onLog } = this.#options
    for (const slot of this.#slots) {
      if (!slot.child || this.#stopping || now - slot.progress < patienceMs(slot, progressSeconds))
        continue
      const seconds = Math.floor((now - slot.progress) / 1000)
      const message = `member ${slot.name} took nothing in for ${seconds} s: it is killed`
      onLog({ level: 'error', message, fields: { member: slot.name, progressSeconds } })
      slot.stalled = true
      slot.child.kill('SIGKILL')
    }
    if (now - this.#measured >= 1000) {
      this.#measured = now
      this.#metrics.lags(gaugesOf(this.#slots).lags)
    }
    onProgress(this.#status())
    if (idleSeconds !== null && this.#isIdle(now, idleSeconds)) this.#stop()
  }

  #status(): StreamStatus {
    const { alive, joined, waiting } = gaugesOf(this.#slots)
    const lag = this.#slots.reduce((sum, slot) => sum + lagOf(slot), 0)
    const seconds = this.#commitSeconds
    const aside = this.#slots.reduce((sum, slot) => sum + slot.aside.length, 0)
    return {
      members: alive,
      joined,
      lag,
      waiting,
      aside,
      commitSeconds: seconds,
      memory: this.#peak
    }
  }

  families() {
    return this.#metrics.families({ ...gaugesOf(this.#slots), ready: this.ready().ok })
  }

  live(): Health {
    const ok = performance.now() - this.#watched < HANGS_MS
    return { ok, reason: ok ? null : 'it has not looked at its members for 15 s' }
  }

  /** A member is in the group, and one takes something in or has nothing to take in. */
  ready(): Health {
    const { members, joined, lag, aside } = this.#status()
    const reason = this.#stopping
      ? 'it is stopping'
      : joined === 0
        ? 'no member is in the consumer group yet'
        : standstillOf(this.#slots, this.#options.progressSeconds)
    return { ok: reason === null, reason, members, joined, lag, aside }
  }

  /** An open transaction at the end of a partition looks like a lag: hence the longer wait. */
  #isIdle(now: number, seconds: number): boolean {
    const quiet = (now - this.#quietSince) / 1000
    const isEmpty = this.#slots.every(
      ({ child, memberId, waitsFor, knowsLag, range, waiting }) =>
        child && (memberId ?? waitsFor) && knowsLag && !range && waiting === 0
    )
    const behind = this.#slots.some((slot) => lagOf(slot) > 0)
    return isEmpty && quiet > (behind ? Math.max(6 * seconds, 30) : seconds)
  }

  #stop(): void {
    if (this.#stopping) return
    this.#stopping = true
    const stop: ToStreamMember = { kind: 'stop' }
    for (const { child } of this.#slots) child?.send(stop, () => {})
    const late = setTimeout(() => {
      for (const { child } of this.#slots) child?.kill('SIGKILL')
    }, STOP_MS)
    late.unref()
    if (this.#slots.every(({ child }) => child === null)) this.#ended()
  }
}
